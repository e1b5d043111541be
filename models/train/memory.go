package train

import (
	"fmt"
	"slices"

	"rpnc/graph"
	"rpnc/models/optim"
	"rpnc/rpnops"
)

// The states that L-BFGS keeps in the store. They are float64 whatever the model's type: the search moves a point of
// float64 numbers, of which the parameters are the rounded values.
const (
	searchName = rpnops.OptimizerPrefix + "lbfgs"      // value, length of the memory, evaluations of the epoch under way, whether it has converged
	pointName  = rpnops.OptimizerPrefix + "lbfgs.x"    // the point
	slopeName  = rpnops.OptimizerPrefix + "lbfgs.g"    // the gradient there
	stepName   = rpnops.OptimizerPrefix + "lbfgs.s.%d" // step i of the memory, oldest first
	changeName = rpnops.OptimizerPrefix + "lbfgs.y.%d" // what it changed in the gradient
)

// remember puts where the search stands after an iteration into the store.
func (d *lbfgs) remember(it optim.Iteration) error {
	s := d.search
	if err := d.put(searchName, []float64{s.Value, float64(len(s.S)), float64(it.Calls - d.calls), flag(it.Converged)}); err != nil {
		return err
	}
	vectors := map[string][]float64{pointName: s.X, slopeName: s.G}
	for i := range s.S {
		vectors[fmt.Sprintf(stepName, i)], vectors[fmt.Sprintf(changeName, i)] = s.S[i], s.Y[i]
	}
	for name, v := range vectors {
		if err := d.put(name, v); err != nil {
			return err
		}
	}
	return nil
}

// put gives a state of the store its value.
func (d *lbfgs) put(name string, v []float64) error {
	return d.model.Store().Set(name, &graph.Tensor{Type: graph.Type{DType: graph.F64, Shape: graph.Sh(len(v))}, F: v})
}

// recall takes the search up where the store says that it stands. Where the store says nothing, or speaks of other
// parameters than the model has, as after the best epoch was given back, the search begins at those that it has.
func (d *lbfgs) recall() {
	have := d.objective.start()
	d.search = optim.Search{X: have}
	at, x, g := d.get(searchName), d.get(pointName), d.get(slopeName)
	if d.From == (Position{}) || len(at) != 4 || len(x) != len(have) || len(g) != len(have) || !d.same(x, have) {
		return
	}
	s := optim.Search{X: x, G: g, Value: at[0]}
	for i := range int(at[1]) {
		step, change := d.get(fmt.Sprintf(stepName, i)), d.get(fmt.Sprintf(changeName, i))
		if len(step) != len(x) || len(change) != len(x) {
			return
		}
		s.S, s.Y = append(s.S, step), append(s.Y, change)
	}
	d.search, d.calls, d.over = s, -int(at[2]), at[3] != 0
}

// get is the value of a state, a copy; nil where there is none.
func (d *lbfgs) get(name string) []float64 {
	if t := d.model.Store().Get(name); t != nil {
		return t.F
	}
	return nil
}

// same says whether the parameters are a point, rounded to the type of the model.
func (d *lbfgs) same(x, params []float64) bool {
	if d.model.DType() == graph.F64 {
		return slices.Equal(x, params)
	}
	return slices.EqualFunc(x, params, func(a, b float64) bool { return float32(a) == float32(b) })
}
