package data

import "fmt"

// GraphSet is the recipe of citation graphs.
type GraphSet struct {
	Set      string // cora, citeseer, pubmed or karate
	Batching `yaml:",inline"`
	Mode     string  `yaml:"mode"`             // transductive: all nodes at once, inductive: nodes split at random, without edges
	Train    float64 `yaml:"train_percentage"` // share of the training part, inductive
	Seed     uint64  `yaml:"random_state"`
	Ordered  bool    `yaml:"shuffle,not"`
}

// citations is the reference's way of loading a graph.
func citations(set string) GraphSet {
	return GraphSet{Set: set, Batching: usual, Mode: "transductive", Train: 0.5}
}

// graphFiles are what a citation graph has to look like.
const graphFiles = ": node has lines of a name, features and a label, link lines of two names, as the LINQS group publishes its citation graphs (there .content and .cites); or the files ind.NAME.allx, tx, ally, ty, y, graph and test.index of Planetoid"

// graphEntries are the graphs.
var graphEntries = []Entry{
	{"cora", "2,708 papers on machine learning, 1,433 words, 7 topics", "the text files node and link in a folder" + graphFiles, citations("cora")},
	{"citeseer", "3,327 papers on computing, 3,703 words, 6 topics", "the text files node and link in a folder" + graphFiles, citations("citeseer")},
	{"pubmed", "19,717 papers on diabetes, 500 words, 3 kinds", "the text files node and link in a folder" + graphFiles, citations("pubmed")},
	{"karate", "34 members of a club, 78 friendships, two factions", "", citations("karate")},
}

// span is the nodes lo … hi−1.
type span struct{ lo, hi int }

// masks are the nodes that are trained on and tested by convention.
var masks = map[string][2]span{
	"cora":     {{0, 140}, {500, 1500}},
	"citeseer": {{0, 120}, {200, 1200}},
	"pubmed":   {{0, 60}, {6300, 7300}},
}

// Load implements [Loader]. Transductive training has one batch of all nodes, and [Graph] says which ones count.
func (s GraphSet) Load(path string) (*Parts, error) {
	g, err := s.graph(path)
	if err != nil {
		return nil, err
	}
	switch s.Mode {
	case "", "transductive":
	case "inductive":
		train, test, err := TrainTest(&g.Dataset, &SplitOptions{Train: s.Train, Seed: s.Seed, Ordered: s.Ordered})
		if err != nil {
			return nil, err
		}
		return s.parts(train, test), nil
	default:
		return nil, fmt.Errorf("data.GraphSet: mode %s; want transductive or inductive", short(s.Mode))
	}
	if m, known := masks[s.Set]; known && g.Train == nil {
		g.Train, g.Test = m[0].nodes(), m[1].nodes()
	}
	if err := g.Validate(); err != nil {
		return nil, err
	}
	return &Parts{Train: &g.Dataset, Test: &g.Dataset, Graph: g}, nil
}

// nodes lists the nodes of a span.
func (r span) nodes() []int {
	nodes := make([]int, 0, r.hi-r.lo)
	for i := r.lo; i < r.hi; i++ {
		nodes = append(nodes, i)
	}
	return nodes
}

// graph reads the graph, its features divided by their sums.
func (s GraphSet) graph(path string) (*Graph, error) {
	if s.Set == "karate" && path == "" {
		return KarateClub()
	}
	g, err := s.files(path)
	if err != nil {
		return nil, err
	}
	g.Name = s.Set
	if err := g.NormalizeRows(); err != nil {
		return nil, err
	}
	return g, nil
}

// files reads the graph, of Planetoid's files where they are there.
func (s GraphSet) files(path string) (*Graph, error) {
	if _, err := find(s.Set, path, "ind."+s.Set+".graph"); err == nil {
		return LoadPlanetoid(path, s.Set)
	}
	nodes, err := find(s.Set, path, "node", s.Set+".content")
	if err != nil {
		return nil, err
	}
	links, err := find(s.Set, path, "link", s.Set+".cites")
	if err != nil {
		return nil, err
	}
	return LoadGraph(nodes, links)
}

// SeriesSet is the recipe of time series, which are normalised and cut into windows.
type SeriesSet struct {
	Set         string // stock, etf, traffic_la or traffic_bay
	Batching    `yaml:",inline"`
	X           int     `yaml:"x_len"` // see [Window]
	Y           int     `yaml:"y_len"`
	Gap         int     `yaml:"xy_gap"`
	Train       float64 `yaml:"train_percentage"`
	Over        Over    `yaml:"normalize_mode"`
	Years       int     `yaml:"years"`       // covered by the file; 0: its name does not say
	Granularity string  `yaml:"granularity"` // daily, minutely
	Attribute   string  `yaml:"attribute"`   // Open, All
}

// forecasts is the reference's way of loading a series.
func forecasts(set string, years int, granularity, attribute string) SeriesSet {
	return SeriesSet{Set: set, Batching: usual, X: 10, Y: 1, Gap: 1, Train: 0.8, Years: years, Granularity: granularity, Attribute: attribute}
}

// seriesFiles are what a file of series has to look like.
const seriesFiles = " with the names of the instances in the first line, then lines of a time and a number for each: "

// seriesEntries are the time series.
var seriesEntries = []Entry{
	{"stock", "daily prices of stocks", "a CSV file such as 1_year_daily_Open.csv, or its folder," + seriesFiles + "prices from any provider", forecasts("stock", 1, "daily", "Open")},
	{"etf", "daily prices of funds", "a CSV file such as 1_year_daily_Open.csv, or its folder," + seriesFiles + "prices from any provider", forecasts("etf", 1, "daily", "Open")},
	{"traffic_la", "speeds on roads in Los Angeles", "a CSV file minutely_All.csv, or its folder," + seriesFiles + "the METR-LA measurements", forecasts("traffic_la", 0, "minutely", "All")},
	{"traffic_bay", "speeds on roads in the Bay Area", "a CSV file minutely_All.csv, or its folder," + seriesFiles + "the PEMS-BAY measurements", forecasts("traffic_bay", 0, "minutely", "All")},
}

// Load implements [Loader].
func (s SeriesSet) Load(path string) (*Parts, error) {
	name := fmt.Sprintf("%s_%s.csv", s.Granularity, s.Attribute)
	if s.Years != 0 {
		name = fmt.Sprintf("%d_year_%s", s.Years, name)
	}
	file, err := fileOrIn(s.Set, path, name)
	if err != nil {
		return nil, err
	}
	series, err := LoadSeries(file)
	if err != nil {
		return nil, err
	}
	if series, err = series.Normalize(s.Over); err != nil {
		return nil, err
	}
	train, test, err := series.Windows(Window{X: s.X, Y: s.Y, Gap: s.Gap, Train: s.Train})
	if err != nil {
		return nil, err
	}
	train.Name, test.Name = s.Set, s.Set
	return s.parts(train, test), nil
}
