package rpnc_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"rpnc/models"
	"rpnc/models/data"
	"rpnc/models/train"
	"rpnc/rpnops"
)

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}

// Example is the program at the head of the README.
func Example() {
	iris, err := data.Iris() // 150 flowers, embedded
	if err != nil {
		log.Fatal(err)
	}
	head := models.Head{M: 4, N: 3, // g(x) = ⟨κ(x), ψ(w)⟩ + π(x), 4 → 3 columns
		Transform:   rpnops.Taylor{D: 2},      // κ(x) = [x, x ⊗ x], 20 numbers of 4
		Fabrication: rpnops.LoRR{R: 2},        // ψ(w) = A·B (3×20) of rank 2
		Remainder:   rpnops.LinearRemainder{}, // π(x) = x·Wᵀ
	}
	net, err := models.New(head, nil)
	if err != nil {
		log.Fatal(err)
	}
	_, err = train.Trainer{Epochs: 200}.Fit(context.Background(), net, iris, nil)
	if err != nil {
		log.Fatal(err)
	}
	y, err := net.Predict([]float64{6.7, 3.1, 5.6, 2.4})
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(iris.Classes[slices.Index(y, slices.Max(y))]) // virginica
	// Output: virginica
}

// The code in the README is that of tests: it cannot drift from what runs.
func TestReadmeShowsTestedCode(t *testing.T) {
	blocks := blocks(string(must(os.ReadFile("README.md"))))
	if len(blocks) != 2 {
		t.Fatalf("README.md has %d blocks of Go; want the program and the function", len(blocks))
	}
	source := string(must(os.ReadFile("example_test.go")))
	tested, _, _ := strings.Cut(body(source, "func Example() {\n"), "\t// Output:")
	if shown := body(blocks[0], "func main() {\n"); strings.TrimSpace(shown) != strings.TrimSpace(tested) || shown == "\n" {
		t.Errorf("the README shows\n%s\nthe example is\n%s", shown, tested)
	}
	if n := strings.Count(blocks[0], "\n"); n > 25 {
		t.Errorf("the README's program has %d lines; want 25 or fewer", n)
	}
	own := string(must(os.ReadFile("rpnops/check/all_test.go")))
	if !strings.Contains(own, blocks[1]) {
		t.Errorf("rpnops/check/all_test.go does not hold the README's function:\n%s", blocks[1])
	}
}

func TestReadmeNamesEveryModelAndPackage(t *testing.T) {
	readme := string(must(os.ReadFile("README.md")))
	for _, e := range models.Entries() {
		if e.Kind == "model" && !strings.Contains(readme, "| `"+e.Name+"` |") {
			t.Errorf("the table of models in README.md has no row for %s", e.Name)
		}
	}
	for _, p := range strings.Fields(string(must(exec.Command("go", "list", "./...").Output()))) {
		name := strings.TrimPrefix(p, "rpnc/")
		if name != "rpnc" && name != "internal/style" && !strings.Contains(readme, "`"+name+"`") {
			t.Errorf("the table of packages in README.md has no row for %s", name)
		}
	}
}

// blocks are the blocks of Go in a Markdown text.
func blocks(text string) (out []string) {
	for {
		_, rest, ok := strings.Cut(text, "```go\n")
		if !ok {
			return out
		}
		var block string
		block, text, _ = strings.Cut(rest, "```")
		out = append(out, block)
	}
}

// body is the text of a function after its first line.
func body(source, first string) string {
	_, rest, _ := strings.Cut(source, first)
	text, _, _ := strings.Cut(rest, "\n}\n")
	return text + "\n"
}
