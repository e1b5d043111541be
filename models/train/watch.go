package train

import (
	"fmt"
	"strings"

	"rpnc/compile"
	"rpnc/graph"
	"rpnc/models/optim"
	"rpnc/rpnops"
)

// How a training remembers what was best. Best value, its epoch, and the count of evaluations since
// are a state in the store, beside the moments of the optimizer, and so is the copy of the model that
// Restore asks for. A checkpoint holds the store, so a training that goes on ends at the same epoch
// with the same parameters as one that was never cut off. The price is one more copy of the model in
// store and checkpoint, taken only where Restore is set.

// Watch follows a measure over the evaluations of a training: the loss on the test part, or, where there is none, the
// training loss of every epoch. The zero value watches nothing.
type Watch struct {
	Metric   bool    // the metric of the test part instead of its loss
	Patience int     // the training ends after so many evaluations in a row that are no better; 0: it does not
	MinDelta float64 // by how much a better value is better
	Restore  bool    // at its end, give the model back what it held after its best epoch
}

// The states that a watch keeps in the store, so that a training that goes on from a checkpoint goes on with them.
const (
	watchName  = rpnops.OptimizerPrefix + "watch"
	bestPrefix = rpnops.OptimizerPrefix + "best." // of copies of parameters and states
)

// watcher is a watch under way. It follows a plateau's schedule too, which is driven by the same measure.
type watcher struct {
	Watch
	store    *compile.Store
	plateau  optim.Plateau
	reduces  bool // there is a plateau
	lr       float64
	seen     bool
	best     float64
	epoch    int // the best one
	bad      int // evaluations since
	schedule optim.PlateauState
}

// newWatcher goes on with what the store holds of an earlier part of the training.
func newWatcher(st *compile.Store, t Trainer) (*watcher, error) {
	if t.Watch.Patience < 0 || !(t.Watch.MinDelta >= 0) {
		return nil, fmt.Errorf("train.Trainer: Watch.Patience = %d, Watch.MinDelta = %v; want 0 or more", t.Watch.Patience, t.Watch.MinDelta)
	}
	w := &watcher{Watch: t.Watch, store: st, lr: t.Optimizer.Rate()}
	w.plateau, w.reduces = optim.PlateauOf(t.Schedule)
	if x := st.Get(watchName); x != nil {
		w.load(x.F)
	}
	return w, nil
}

// active says whether anything depends on the measure.
func (w *watcher) active() bool { return w.reduces || w.Patience > 0 || w.Restore }

// factor is that of the plateau on the rate.
func (w *watcher) factor() float64 { return 1 - w.schedule.Reduction }

// see takes the measure of an epoch: stop says that the training is to end.
//
// A better value is one that beats the best by more than MinDelta; the first value always counts. An
// epoch without an evaluation is passed over where there is a test part, so Patience counts
// evaluations and not epochs.
func (w *watcher) see(e Epoch, larger, tested bool) (stop bool, err error) {
	if !w.active() || tested && !e.Tested {
		return false, nil
	}
	x := e.Loss
	switch larger = larger && w.Metric && tested; {
	case tested && w.Metric:
		x = e.TestMetric
	case tested:
		x = e.TestLoss
	}
	if w.bad++; !w.seen || larger && x > w.best+w.MinDelta || !larger && x < w.best-w.MinDelta {
		w.seen, w.best, w.epoch, w.bad = true, x, e.Number, 0
		if w.Restore {
			err = w.keep()
		}
	}
	if w.reduces {
		w.schedule = w.plateau.Next(w.schedule, x, larger, w.lr)
	}
	if err == nil {
		err = w.save()
	}
	return w.exhausted(), err
}

// exhausted says that nothing has got better for too long, perhaps in an earlier part of the training already.
func (w *watcher) exhausted() bool { return w.Patience > 0 && w.seen && w.bad >= w.Patience }

// fields lists what the store holds of the watch, in order.
func (w *watcher) fields() []float64 {
	s := w.schedule
	return []float64{flag(w.seen), w.best, float64(w.epoch), float64(w.bad),
		s.Reduction, flag(s.Seen), s.Best, float64(s.Bad), float64(s.Cool)}
}

// A state of another length is of another kind of watch, or of none: watching then begins anew.
func (w *watcher) load(v []float64) {
	if len(v) != len(w.fields()) {
		return
	}
	w.seen, w.best, w.epoch, w.bad = v[0] != 0, v[1], int(v[2]), int(v[3])
	w.schedule = optim.PlateauState{Reduction: v[4], Seen: v[5] != 0, Best: v[6], Bad: int(v[7]), Cool: int(v[8])}
}

func (w *watcher) save() error {
	v := w.fields()
	return w.store.Set(watchName, &graph.Tensor{Type: graph.Type{DType: graph.F64, Shape: graph.Sh(len(v))}, F: v})
}

func flag(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// keep copies what the model is made of: all but the step and what the optimizer keeps.
//
// The step and the optimizer's own go on from where they are: what comes back at the end is a model to
// be used, not a training to go on with.
func (w *watcher) keep() error {
	for _, name := range w.store.Names() {
		if name == rpnops.StepName || strings.HasPrefix(name, rpnops.OptimizerPrefix) {
			continue
		}
		if err := w.store.Set(bestPrefix+name, w.store.Get(name)); err != nil {
			return err
		}
	}
	return nil
}

// restore gives the model back what keep has copied.
func (w *watcher) restore() error {
	if !w.Restore || !w.seen {
		return nil
	}
	for _, name := range w.store.Names() {
		if own, ok := strings.CutPrefix(name, bestPrefix); ok {
			if err := w.store.Set(own, w.store.Get(name)); err != nil {
				return err
			}
		}
	}
	return nil
}
