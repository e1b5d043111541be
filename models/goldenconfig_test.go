package models_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"rpnc/graph"
	"rpnc/models"
	"rpnc/rpnops"
)

// runConfig compares the configuration of an object with what the reference wrote of its own: class names without
// their path, and of the parameters those that both have. It must also come back from its configuration.
func (c *golden) runConfig() error {
	if c.Class == "function" {
		return c.runAllocation()
	}
	obj, err := c.make()
	if err != nil {
		return err
	}
	node, err := codec.Encode(obj)
	if err != nil {
		return err
	}
	back, err := codec.Object(node)
	if err != nil {
		return fmt.Errorf("its own configuration: %w", err)
	}
	again, err := codec.Encode(back)
	if err != nil {
		return err
	}
	var have, twice, want any
	if err := errors.Join(node.Decode(&have), again.Decode(&twice), json.Unmarshal(c.Outputs["config"], &want)); err != nil {
		return err
	}
	if d := cmp.Diff(have, twice); d != "" {
		return fmt.Errorf("another configuration after decoding: %s", d)
	}
	return sameConfig("config", have, c.withoutGiven(want))
}

// withoutGiven drops from a dump what the case's own arguments say: there the dump can only be of another thing, such
// as the channels of a pooling's head where its argument means those of the grid. Undeclared sizes are dropped, too:
// the reference derives them from the grid.
func (c *golden) withoutGiven(dump any) any {
	for k, x := range dump.(map[string]any) {
		params, ok := x.(map[string]any)
		if !ok || !strings.HasSuffix(k, "_parameters") {
			continue
		}
		for _, size := range []string{"b", "m"} {
			if c.Args[size] == nil && params[size] != nil {
				delete(params, size)
			}
		}
		if e, ok := models.Lookup(c.Class); ok && e.Kind == "head" && c.Args["channel_num"] != nil {
			delete(params, "channel_num")
		}
	}
	return dump
}

// volatile are parameters that say nothing: names, caches, what follows from others.
var volatile = []string{"name", "device", "l", "A", "batch_num", "node_id_index_map", "node_index_id_map", "weights", "metric", "c"}

// open are parameters that a configuration may leave null where the dump has what follows from others.
var open = []string{"require_data", "require_parameters", "channel_num", "cd_h", "cd_w", "cd_d"}

// sameConfig compares what a configuration of ours and a dump of the reference both have.
func sameConfig(at string, have, want any) error {
	if w, ok := want.(map[string]any); ok {
		h, ok := have.(map[string]any)
		if _, opaque := w["$opaque"]; opaque || !ok {
			return nil
		}
		for k, x := range w {
			y, both := h[k]
			switch {
			case !both || slices.Contains(volatile, k) || y == nil && slices.Contains(open, k):
			case strings.HasSuffix(k, "_class"):
				if lastName(x) != lastName(y) {
					return fmt.Errorf("%s is %v, want %v", at, y, x)
				}
			default:
				if err := sameConfig(at+"."+k, y, x); err != nil {
					return err
				}
			}
		}
		return nil
	}
	hs, list := have.([]any)
	ws, lists := want.([]any)
	if list && lists && len(hs) == len(ws) {
		for i := range hs {
			if err := sameConfig(fmt.Sprintf("%s[%d]", at, i), hs[i], ws[i]); err != nil {
				return err
			}
		}
		return nil
	}
	if !reflect.DeepEqual(plain(have), plain(want)) {
		return fmt.Errorf("%s is %v, want %v", at, have, want)
	}
	return nil
}

// plain makes all numbers one type.
func plain(x any) any {
	if i, ok := x.(int); ok {
		return float64(i)
	}
	return x
}

func lastName(x any) string {
	s, _ := x.(string)
	return s[strings.LastIndexByte(s, '.')+1:]
}

// runAllocation spreads configurations over a number of places by building a layer: head i has i+1 channels, which
// shows in the result which configuration is where.
func (c *golden) runAllocation() error {
	if c.CallArgs["function"] != nil && c.CallArgs["function"] != "process_num_alloc_configs" {
		return unsupported(fmt.Sprint(c.CallArgs["function"]))
	}
	l := models.Layer{M: 1, N: 1, Width: c.int("num")}
	for i := range c.count("configs") {
		l.Heads = append(l.Heads, models.Head{M: 1, N: 1, Channels: i + 1, Fabrication: rpnops.IdentityReconciliation{}})
	}
	for _, x := range c.numbers("num_alloc") {
		l.Alloc = append(l.Alloc, int(x))
	}
	s := rpnops.NewScope(graph.New(), true, graph.F64)
	l.Build(s, s.G.Input("x", s.Type(1, 1)))
	if len(l.Heads) == 0 {
		if s.G.Err() == nil {
			return errors.New("want an error for no configurations")
		}
		return nil
	}
	if err := s.G.Err(); err != nil {
		return err
	}
	alloc := make([]int, len(l.Heads))
	num := 0
	for w := s.G.LeafByName("heads.0.w"); w != nil; w = s.G.LeafByName(fmt.Sprintf("heads.%d.w", num)) {
		alloc[w.Shape().Dim(0)-1]++
		num++
	}
	return errors.Join(c.whole("num", num), c.whole("num_alloc", alloc))
}

// count is the number of configurations in an argument: a list, a single one, none.
func (c *golden) count(key string) int {
	switch x := c.CallArgs[key].(type) {
	case []any:
		return len(x)
	case nil:
		return 0
	}
	return 1
}
