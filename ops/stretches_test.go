package ops

import (
	"slices"
	"testing"

	"rpnc/graph"
)

// farTable is a table of long stretches: 0…119, nothing, 50…299 and so on, each place of 300 named once or more.
func farTable() *graph.Index {
	var t []int32
	for lo := range 9 {
		for j := 30 * lo; j < min(30*lo+120, 300); j++ {
			t = append(t, int32(j))
		}
		t = append(t, slices.Repeat([]int32{-1}, 17)...)
	}
	return graph.NewIndex(t...)
}

func TestStretchesAreRunsOfNeighboursOfOneColumnOrOfNothing(t *testing.T) {
	for _, c := range []struct {
		table []int32
		want  []stretch
	}{
		{nil, nil},
		{[]int32{4, 5, 6}, []stretch{{0, 4, 3, false}}},
		{[]int32{-1, -1, 0, 1, 1, 2, -1}, []stretch{{0, -1, 2, false}, {2, 0, 2, false}, {4, 1, 2, false}, {6, -1, 1, false}}},
		{[]int32{3, 2}, []stretch{{0, 3, 1, false}, {1, 2, 1, false}}},
		{[]int32{2, 2, 2, 3, 4, -1, -1, 5, 5, 6}, []stretch{{0, 2, 3, true}, {3, 3, 2, false}, {5, -1, 2, false}, {7, 5, 2, true}, {9, 6, 1, false}}},
	} {
		if got := stretches(c.table); !slices.Equal(got, c.want) {
			t.Errorf("%v: %v; want %v", c.table, got, c.want)
		}
	}
	if far := farTable(); len(stretches(far.Slice()))*longRun > far.Len() {
		t.Error("the table of the large samples is not one of long stretches")
	}
}
