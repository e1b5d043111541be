package rpnops

import "rpnc/graph"

// MetricCompression reduces every row to one number, κ(x) = metric(x₁, …, x_m), D = 1. Of equal entries the maximum and
// the minimum take the first one, the median is the lower of two; see [Metric] for gradients. Errors: no metric, no
// columns, a metric for a class that has one.
type MetricCompression struct {
	Metric Opt[Metric] `yaml:"metric"` // there is no default
	Hooks  `yaml:",inline"`

	fixed Opt[Metric] // of max_compression and the like
}

var (
	_ = Register(Spec[MetricCompression]{
		Name: "metric_compression", Equation: "κ(x) = metric(x₁, …, x_m),  D = 1", Params: "0", Lo: 0.2, Hi: 1,
		Samples: []MetricCompression{
			{Metric: Some(L1Norm)}, {Metric: Some(L2Norm)}, {Metric: Some(Norm(2.5))}, {Metric: Some(Mode)},
			{Metric: Some(Entropy)}, {Metric: Some(GeometricMean)}, {Metric: Some(HarmonicMean)},
			{Metric: Some(WeightedMean(1, 2, 0.5, 3))}, {Metric: Some(WeightedHarmonicMean(1, 2, 0.5, 3))},
			{Metric: Some(Mean), Hooks: Hooks{Pre: []Process{Tanh{}}, Post: []Process{Sigmoid{}}}},
		},
	})
	_ = registerMetricCompression("max_compression", "κ(x) = max xⱼ,  D = 1", Max)
	_ = registerMetricCompression("min_compression", "κ(x) = min xⱼ,  D = 1", Min)
	_ = registerMetricCompression("sum_compression", "κ(x) = Σ xⱼ,  D = 1", Sum)
	_ = registerMetricCompression("mean_compression", "κ(x) = Σ xⱼ/m,  D = 1", Mean)
	_ = registerMetricCompression("prod_compression", "κ(x) = Π xⱼ,  D = 1", Prod)
	_ = registerMetricCompression("median_compression", "κ(x) = the median of xⱼ, the lower one of two,  D = 1", Median)
)

func registerMetricCompression(name, equation string, m Metric) struct{} {
	return Register(Spec[MetricCompression]{Name: name, Default: MetricCompression{fixed: Some(m)}, Equation: equation, Params: "0"})
}

// errNoMetric is the error of compressions by a metric that is not given.
func errNoMetric(name string) error {
	return errorf(name, "no metric; want max, min, mean or another (see rpnops.Metric)")
}

// reducer is the metric, that of the class or the one given.
func (o MetricCompression) reducer() (Metric, error) {
	switch {
	case o.fixed.Set && o.Metric.Set && o.fixed != o.Metric:
		return Metric{}, errorf("MetricCompression", "metric %v for the compression by %v; want metric_compression, or no metric", o.Metric.V, o.fixed.V)
	case o.fixed.Set:
		return o.fixed.V, nil
	case !o.Metric.Set:
		return Metric{}, errNoMetric("MetricCompression")
	}
	return o.Metric.V, nil
}

// OutDim is 1.
func (o MetricCompression) OutDim(m int) (int, error) {
	metric, err := o.reducer()
	switch n := metric.weights(); {
	case err != nil:
		return 0, err
	case m < 1:
		return 0, errorf("MetricCompression", "no columns to reduce; want 1 or more")
	case n > 0 && n != m:
		return 0, errorf("MetricCompression", "%d weights of %v for %d columns; want one a column", n, metric, m)
	}
	return 1, nil
}

// Transform builds the reduction.
func (o MetricCompression) Transform(s *Scope, x *graph.Node) *graph.Node {
	x = o.pre(s, x)
	if _, err := o.OutDim(x.Shape().Dim(-1)); err != nil {
		return s.fail(err)
	}
	metric, _ := o.reducer()
	return o.post(s, metric.Reduce(x, -1))
}
