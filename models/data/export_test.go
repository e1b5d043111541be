package data

import "bytes"

// The parts of a Planetoid set, from streams: a test of any bytes would otherwise write a folder for each.
var (
	ReadMatrix = readMatrix
	ReadOneHot = readOneHot
)

// ReadLinks reads the edges.
func ReadLinks(text []byte) ([][2]int, error) {
	n, err := readNeighbours(bytes.NewReader(text), "fuzz")
	if err != nil {
		return nil, err
	}
	return n.edges()
}
