package cuda_test

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"rpnc/ops/cuda/emulate"
)

// What ptxas says of the catalogue is kept in a table beside it. A row is of one text, which it names by a hash: where
// there is no ptxas of the table's version, rows of texts that have changed are dropped and no figure is ever wrong.

// resourcesFile is the table: a line that names ptxas, a line of columns, and a row an entry.
const resourcesFile = "ptx/RESOURCES.tsv"

// architectures are those that every kernel is translated for; those on tensor cores begin at the third.
var architectures = []string{"sm_70", "sm_75", "sm_80", "sm_86", "sm_89", "sm_90"}

// resources is the table: rows by entry, tabs between cells.
type resources struct {
	version string
	rows    map[string]string
}

// readResources reads the table; without one it is empty.
func readResources() resources {
	r := resources{rows: map[string]string{}}
	text, err := os.ReadFile(resourcesFile)
	if err != nil {
		return r
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	r.version = lines[0]
	for _, line := range lines[2:] {
		name, _, _ := strings.Cut(line, "\t")
		r.rows[name] = line
	}
	return r
}

// write puts the rows in the order of their names.
func (r resources) write(t *testing.T) {
	t.Helper()
	lines := []string{r.version, strings.Join(append([]string{"kernel", "text", "shared bytes"}, architectures...), "\t")}
	for _, name := range slices.Sorted(maps.Keys(r.rows)) {
		lines = append(lines, r.rows[name])
	}
	if err := os.WriteFile(resourcesFile, []byte(strings.Join(lines, "\n")+"\n"), 0o644); err != nil {
		t.Fatal(err)
	}
}

// The parts of a text: its module's head, its entries and their shared memory.
var (
	moduleHead  = regexp.MustCompile(`(?m)^\.(version|target|address_size).*\n`)
	entryName   = regexp.MustCompile(`(?m)^\.visible \.entry (\w+)\(`)
	sharedBytes = regexp.MustCompile(`\.b8 block\[(\d+)\]`)
)

// fixed are the cells of a table that need no ptxas, by entry: its name, the hash of its text, its shared memory.
func fixed(texts map[string]string) map[string]string {
	cells := map[string]string{}
	for _, text := range texts {
		at := entryName.FindAllStringSubmatchIndex(text, -1)
		for i, m := range at {
			end := len(text)
			if i+1 < len(at) {
				end = at[i+1][0]
			}
			body, name, shared := text[m[0]:end], text[m[2]:m[3]], "0"
			if s := sharedBytes.FindStringSubmatch(body); s != nil {
				shared = s[1]
			}
			cells[name] = fmt.Sprintf("%s\t%.4x\t%s", name, sha256.Sum256([]byte(body)), shared)
		}
	}
	return cells
}

// Without ptxas the table has to be of the texts that are there. With it all of them are translated, none may spill, and
// where the version is that of the table, figures are the same.
func TestTheTableOfResourcesIsOfTheseTexts(t *testing.T) {
	have, texts, ptxas := readResources(), written(t), translator()
	version := versionOf(t, ptxas)
	if *update && have.version == "" {
		have.version = version
	}
	cells := fixed(texts)
	stale := missing(have, cells)
	measure := texts
	if *update {
		measure = having(texts, stale)
	}
	rows := map[string]string{}
	if ptxas != "" {
		rows = figures(t, ptxas, measure, cells)
	}
	if version != have.version {
		rows = nil
	}
	for _, name := range stale {
		if *update {
			delete(have.rows, name)
		} else if have.rows[name] != "" {
			t.Errorf("%s: the row of %s is of another text, or of none: run go generate ./ops/cuda", resourcesFile, name)
		}
	}
	for name, row := range rows {
		if *update {
			have.rows[name] = row
		} else if have.rows[name] != row {
			t.Errorf("%s: %q; want %q: run go generate ./ops/cuda", resourcesFile, have.rows[name], row)
		}
	}
	if *update && have.version != "" {
		have.write(t)
	}
}

// missing are the entries without a row of their text, and the rows without an entry.
func missing(have resources, cells map[string]string) (names []string) {
	for name, c := range cells {
		if !strings.HasPrefix(have.rows[name], c+"\t") {
			names = append(names, name)
		}
	}
	for name := range have.rows {
		if cells[name] == "" {
			names = append(names, name)
		}
	}
	return names
}

// having are the texts that have one of some entries.
func having(texts map[string]string, names []string) map[string]string {
	some := map[string]string{}
	for file, text := range texts {
		for _, m := range entryName.FindAllStringSubmatch(text, -1) {
			if slices.Contains(names, m[1]) {
				some[file] = text
			}
		}
	}
	return some
}

// versionOf is the line in which ptxas says its version, as the first line of a table.
func versionOf(t *testing.T, ptxas string) string {
	if ptxas == "" {
		return ""
	}
	out, err := exec.Command(ptxas, "--version").Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return "# registers of a thread, + bytes spilled, as of ptxas, " + lines[len(lines)-2]
}

// What ptxas -v says of an entry.
var (
	compiling = regexp.MustCompile(`Compiling entry function '(\w+)'`)
	spills    = regexp.MustCompile(`(\d+) bytes spill stores, (\d+) bytes spill loads`)
	registers = regexp.MustCompile(`Used (\d+) registers`)
)

// figures are the rows that ptxas gives. All texts for one architecture are one module, since a call takes its time.
func figures(t *testing.T, ptxas string, texts, cells map[string]string) map[string]string {
	t.Helper()
	rows := map[string]string{}
	for _, arch := range architectures {
		used := map[string]string{}
		if text := module(texts, arch); text != "" {
			used = verbose(t, ptxas, text, arch)
		}
		for _, text := range texts {
			for _, m := range entryName.FindAllStringSubmatch(text, -1) {
				name := m[1]
				if rows[name] == "" {
					rows[name] = cells[name]
				}
				cell := used[name]
				if cell == "" {
					cell = "-"
				}
				rows[name] += "\t" + cell
			}
		}
	}
	return rows
}

// module is all texts that an architecture takes, as one.
func module(texts map[string]string, arch string) string {
	var b strings.Builder
	target := "sm_70"
	for _, name := range slices.Sorted(maps.Keys(texts)) {
		if strings.Contains(texts[name], ".target sm_80") {
			if arch < "sm_80" {
				continue
			}
			target = "sm_80"
		}
		b.WriteString(moduleHead.ReplaceAllString(texts[name], ""))
	}
	if b.Len() == 0 {
		return ""
	}
	return fmt.Sprintf(".version 7.0\n.target %s\n.address_size 64\n", target) + b.String()
}

// verbose translates a module and answers with the registers of every entry. Spills are failures.
func verbose(t *testing.T, ptxas, text, arch string) map[string]string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "catalogue.ptx")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	out, err := exec.Command(ptxas, "-v", "-arch="+arch, file, "-o", os.DevNull).CombinedOutput()
	if err != nil {
		t.Fatalf("for %s: %v\n%s", arch, err, out)
	}
	used, name, spilled := map[string]string{}, "", ""
	for line := range strings.Lines(string(out)) {
		if m := compiling.FindStringSubmatch(line); m != nil {
			name, spilled = m[1], ""
		} else if m := spills.FindStringSubmatch(line); m != nil && (m[1] != "0" || m[2] != "0") {
			spilled = "+" + m[1]
			t.Errorf("for %s, %s spills registers: %s", arch, name, m[0])
		} else if m := registers.FindStringSubmatch(line); m != nil {
			used[name] = m[1] + spilled
		}
	}
	return used
}

// A text that a translator would refuse for its signs is refused here too.
func TestTheCatalogueIsASCII(t *testing.T) {
	for name, text := range written(t) {
		if _, _, err := (&emulate.Device{}).Load(text, nil); err != nil {
			t.Errorf("ptx/%s.ptx: %v", name, err)
		}
	}
}
