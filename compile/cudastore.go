package compile

import (
	"errors"
	"slices"

	"rpnc/ops/cuda"
)

// stateRegion is memory of a store on a device. All programs of the store that run there share it; whoever reads the
// store on the host sees what the device has made of it, whoever writes it there is seen by the device.
type stateRegion struct {
	region
	dev     cuda.Device
	users   int
	hostNew bool // the host's numbers are the newer ones
	devNew  bool
}

// residence is the part of a store that is on a device.
//
// Every number has one valid home or two: hostNew means that the device's copy is stale, devNew that
// the host's is. Both false: they agree. Both true cannot be: whoever changes a side brings the other's
// changes over first.
type residence struct {
	regions []*stateRegion
	lost    error // numbers that could not be brought down
}

// reside gives the memory that b is part of its counterpart, or finds it. [Store.leave] is to be called as often.
//
// A region is as large as the store's own piece, however small the part that one program reads, so that
// programs over one store share it.
func (s *Store) reside(dev cuda.Device, b []byte) (*stateRegion, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, r := range s.device.regions {
		if r.holds(b) && r.dev == dev {
			r.users++
			return r, nil
		}
	}
	r := &stateRegion{dev: dev, users: 1, hostNew: true}
	r.host = s.whole(b)
	err := dev.Bound(func() (err error) {
		r.at, err = dev.Alloc(len(r.host))
		return err
	})
	if err != nil {
		return nil, err
	}
	s.device.regions = append(s.device.regions, r)
	return r, nil
}

// whole is the piece of memory of the store that b is part of: a row of values side by side, or one value.
func (s *Store) whole(b []byte) []byte {
	for _, c := range s.cells {
		all := cuda.Bytes(c.buf)
		if c.row != nil {
			all = cuda.Bytes(c.row.buf)
		}
		if len(all) > 0 && (&region{host: all}).holds(b) {
			return all
		}
	}
	return b
}

// leave says that one user less needs r. With the last one its numbers come home.
func (s *Store) leave(dev cuda.Device, r *stateRegion) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.users--; r.users > 0 {
		return nil
	}
	s.device.regions = slices.DeleteFunc(s.device.regions, func(x *stateRegion) bool { return x == r })
	return dev.Bound(func() error { return errors.Join(r.fetch(), dev.Free(r.at)) })
}

// fetch brings the numbers of r down if the device has newer ones. It is called within Bound.
func (r *stateRegion) fetch() error {
	if !r.devNew {
		return nil
	}
	r.devNew = false
	return r.dev.Download(r.host, r.at)
}

// ahead brings up what the host has changed and says that the device is going to change the written ones. It is called
// within Bound.
//
// Only what a run reads is brought up. Marking what it writes happens before the run: a run that fails
// half-way leaves the device's numbers as the valid ones, and its guarded commit has not changed them.
func (s *Store) ahead(dev cuda.Device, used, written []*stateRegion) error {
	if s.device.lost != nil {
		return s.device.lost
	}
	for _, r := range used {
		if r.hostNew {
			if err := dev.Upload(r.at, r.host); err != nil {
				return err
			}
			r.hostNew = false
		}
	}
	for _, r := range written {
		r.devNew = true
	}
	if len(written) > 0 {
		s.version.Add(1)
	}
	return nil
}

// home brings down all that a device has changed.
func (s *Store) home() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.homeLocked()
}

// homeLocked is home for those who hold the lock. What is lost stays an error.
func (s *Store) homeLocked() error {
	for _, r := range s.device.regions {
		s.device.lost = errors.Join(s.device.lost, r.dev.Bound(r.fetch))
	}
	return s.device.lost
}

// changed says that the host has newer numbers, and that they are others than before.
func (s *Store) changed() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.changedLocked()
}

// changedLocked is changed for those who hold the lock.
func (s *Store) changedLocked() {
	s.version.Add(1)
	for _, r := range s.device.regions {
		r.hostNew = true
	}
}
