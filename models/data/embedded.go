package data

import (
	"embed"
	"strings"
)

// The sources and licences of the files are in embedded/README.md.
//
//go:embed embedded/*.csv embedded/*.csv.gz embedded/*.txt
var files embed.FS

// Digits returns 1,797 images of handwritten digits, 8×8 pixels in [0, 1], Shape 1, 8, 8, ten classes.
//
// Source: E. Alpaydın and C. Kaynak, Optical Recognition of Handwritten Digits, UCI Machine Learning Repository,
// 1998, CC BY 4.0; pixels are divided by 16 here.
func Digits() (*Dataset, error) {
	d, err := readEmbedded("digits.csv.gz", nil)
	if err != nil {
		return nil, err
	}
	for i := range d.X {
		d.X[i] /= 16
	}
	d.Shape = []int{1, 8, 8}
	return d, nil
}

// Iris returns 150 flowers with four lengths in centimetres and three species, sorted by species.
//
// Source: R. A. Fisher, Iris, UCI Machine Learning Repository, 1936, CC BY 4.0.
func Iris() (*Dataset, error) {
	return readEmbedded("iris.csv", nil)
}

// KarateClub returns the 34 members and 78 friendships of the club that Zachary watched split in two. The features are
// the identity matrix (34×34), the classes the faction that each member joined, 17 and 17.
//
// Source: W. W. Zachary, An Information Flow Model for Conflict and Fission in Small Groups, Journal of Anthropological
// Research 33 (1977) 452–473.
func KarateClub() (*Graph, error) {
	nodes, err := readEmbedded("karate_nodes.csv", nil)
	if err != nil {
		return nil, err
	}
	edges, err := readEmbedded("karate_edges.csv", &CSVOptions{Kind: Unlabelled})
	if err != nil {
		return nil, err
	}
	g := &Graph{Dataset: *nodes, Edges: make([][2]int, edges.Rows)}
	g.Name, g.Columns, g.Cols = "karate", nil, g.Rows
	g.X = make([]float64, g.Rows*g.Rows)
	for i := range g.Rows {
		g.X[i*g.Rows+i] = 1
	}
	for i := range edges.Rows {
		e := edges.Row(i)
		g.Edges[i] = [2]int{int(e[0]), int(e[1])}
	}
	return g, nil
}

// readEmbedded reads one of the files in embedded/ through the same reader as a user's file, afresh for each
// call: the caller may change what it gets.
func readEmbedded(file string, opts *CSVOptions) (*Dataset, error) {
	f, err := files.Open("embedded/" + file)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	r, err := unzip(f)
	if err != nil {
		return nil, err
	}
	d, err := ReadCSV(r, file, opts)
	if err != nil {
		return nil, err
	}
	d.Name, _, _ = strings.Cut(file, ".")
	return d, nil
}
