package compile

import "rpnc/ops/cuda"

// Traffic counts what one run asked of a GPU.
type Traffic struct {
	Launches  int // kernels that were launched, and products that a library was asked for, one by one
	Replays   int // recordings that were launched as a whole
	Recorded  int // kernels in the recordings
	Uploads   int // copies to the device, parts of recordings too
	Downloads int // copies to the host
	UpBytes   int
	DownBytes int
	Syncs     int // times that the host waited: once a run, and for every copy that is no part of the stream
}

// meter is a device that counts what goes to it.
type meter struct {
	cuda.Device
	run       Traffic // since the last reset
	recording bool
	recorded  Traffic // of the recording
}

// to is where work counts that a recording may take.
func (m *meter) to() *Traffic {
	if m.recording {
		return &m.recorded
	}
	return &m.run
}

// Launch counts a kernel.
func (m *meter) Launch(f cuda.Func, grid, block int, args []cuda.Addr) error {
	m.to().Launches++
	return m.Device.Launch(f, grid, block, args)
}

// Library counts products of the device's library as launches.
func (m *meter) Library() (cuda.Library, error) {
	l, err := m.Device.Library()
	if l == nil {
		return nil, err
	}
	return counted{l, m}, err
}

// counted is a library whose products count.
type counted struct {
	cuda.Library
	meter *meter
}

// Multiply counts a product.
func (c counted) Multiply(g cuda.Gemm, x, y, out, work cuda.Addr) error {
	c.meter.to().Launches++
	return c.Library.Multiply(g, x, y, out, work)
}

// Upload counts a copy that waits.
func (m *meter) Upload(to cuda.Addr, from []byte) error {
	m.run.Syncs++
	m.run.Uploads, m.run.UpBytes = m.run.Uploads+1, m.run.UpBytes+len(from)
	return m.Device.Upload(to, from)
}

// Download counts a copy that waits.
func (m *meter) Download(to []byte, from cuda.Addr) error {
	m.run.Syncs++
	m.run.Downloads, m.run.DownBytes = m.run.Downloads+1, m.run.DownBytes+len(to)
	return m.Device.Download(to, from)
}

// Push counts a copy.
func (m *meter) Push(to cuda.Addr, from []byte) error {
	t := m.to()
	t.Uploads, t.UpBytes = t.Uploads+1, t.UpBytes+len(from)
	return m.Device.Push(to, from)
}

// Pull counts a copy.
func (m *meter) Pull(to []byte, from cuda.Addr) error {
	t := m.to()
	t.Downloads, t.DownBytes = t.Downloads+1, t.DownBytes+len(to)
	return m.Device.Pull(to, from)
}

// Sync counts a wait.
func (m *meter) Sync() error {
	m.run.Syncs++
	return m.Device.Sync()
}

// Capture notes what the recording holds.
func (m *meter) Capture(f func() error) (cuda.Graph, error) {
	m.recording, m.recorded = true, Traffic{}
	defer func() { m.recording = false }()
	return m.Device.Capture(f)
}

// Replay counts what the recording holds.
func (m *meter) Replay(g cuda.Graph) error {
	r, t := m.recorded, &m.run
	t.Replays, t.Recorded = t.Replays+1, t.Recorded+r.Launches
	t.Uploads, t.UpBytes = t.Uploads+r.Uploads, t.UpBytes+r.UpBytes
	t.Downloads, t.DownBytes = t.Downloads+r.Downloads, t.DownBytes+r.DownBytes
	return m.Device.Replay(g)
}
