package rpnops

import (
	"rpnc/graph"
	"rpnc/ops"
)

// MetricFusion reduces k inputs of equal shape, element by element, with a metric: y = metric(x₁, …, x_k). The zero value
// is the mean, which is what heads and layers use by default. Where several inputs are largest, the first one gets the
// gradient; see [Metric] for the other metrics. Errors: inputs of unequal shapes.
type MetricFusion struct {
	Metric        Metric `yaml:"metric"`
	FusionOptions `yaml:",inline"`
}

var (
	_ = registerMetricFusion("metric_fusion", "y = metric(x₁, …, x_k)", Std)
	_ = registerMetricFusion("mean_fusion", "y = Σ xᵢ / k", Mean)
	_ = registerMetricFusion("sum_fusion", "y = Σ xᵢ", Sum)
	_ = registerMetricFusion("prod_fusion", "y = Π xᵢ", Prod)
	_ = registerMetricFusion("max_fusion", "y = max xᵢ", Max)
	_ = registerMetricFusion("min_fusion", "y = min xᵢ", Min)
	_ = registerMetricFusion("median_fusion", "y = the median of xᵢ, the lower one of two", Median)
	_ = registerMetricFusion("l1_norm_fusion", "y = Σ |xᵢ|", L1Norm)
	_ = registerMetricFusion("l2_norm_fusion", "y = √Σ xᵢ²", L2Norm)
)

// registerMetricFusion registers the fusion by one metric. metric_fusion is that of any, and has the mean as default.
func registerMetricFusion(name, equation string, m Metric) struct{} {
	spec := Spec[MetricFusion]{
		Name: name, Default: MetricFusion{Metric: m}, Equation: equation, Params: "0", Samples: []MetricFusion{{Metric: m}},
	}
	switch name {
	case "l1_norm_fusion":
		spec.Lo, spec.Hi = 0.2, 1 // away from the kink at 0
	case "metric_fusion":
		spec.Default.Metric = Mean
		spec.Samples = []MetricFusion{{Metric: Std}, {Metric: Variance}}
	}
	return Register(spec)
}

// OutDim is the inputs' width.
func (o MetricFusion) OutDim(dims []int) (int, error) { return o.sameWidth("MetricFusion", dims) }

// NumParams is 0.
func (o MetricFusion) NumParams([]int) (int, error) { return 0, nil }

// Fuse reduces the stack of inputs. Sums and means need no stack and stay chains of additions, as in [SummationFusion].
func (o MetricFusion) Fuse(s *Scope, xs []*graph.Node, _ *graph.Node) *graph.Node {
	xs, err := o.inputs(s, "MetricFusion", xs, true)
	if err != nil {
		return s.fail(err)
	}
	var y *graph.Node
	switch o.Metric {
	case Mean:
		y = average(xs)
	case Sum:
		y = ops.Add(xs[0], xs[1:]...)
	default:
		y = ops.ReshapeTo(o.Metric.Reduce(ops.Stack(xs...), 0), xs[0].Shape())
	}
	return o.post(s, y)
}
