package data

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"unicode"
)

// Texts are documents with classes.
type Texts struct {
	Name    string
	Docs    []string
	Labels  []int32 // 0 ≤ label < len(Classes)
	Classes []string
}

// Weight says what stands in the table for a term of a document that has it tf times.
type Weight uint8

// The weights of terms.
const (
	TFIDF  Weight = iota // (1 + ln tf)·idf, rows of length 1
	Counts               // tf, the bag of words
)

// TermOptions say which words of texts become columns. A nil pointer and the zero value are the reference's choice.
type TermOptions struct {
	Weight   Weight
	MinDocs  int      // documents that must have a term; 0: 5
	MaxShare float64  // share of the documents that may have it; 0: 0.5
	Stop     []string // words to leave out, in lower case; nil: [StopWords]
}

// Terms is a vocabulary that was fitted on training texts, and turns texts into rows. Keep it with the model: other
// texts need the same one.
type Terms struct {
	Names  []string  `json:"names"` // the terms in alphabetical order, one a column
	IDF    []float64 `json:"idf"`   // ln((1 + N)/(1 + df)) + 1 of each, N documents of which df have the term
	Weight Weight    `json:"weight"`
}

// StopWords returns 318 common English words that say little of a text: the list of the Glasgow information retrieval
// group, as scikit-learn has it.
func StopWords() []string {
	text, _ := files.ReadFile("embedded/stopwords.txt") // embedded, and so there
	return strings.Fields(string(text))
}

// FitTerms chooses the terms of training texts. Words are runs of at least two letters, digits or _, in lower case; stop words
// are left out, then terms that too few or too many documents have. It fails where none is left.
//
// The rule, and with it the vocabulary, is that of scikit-learn's TfidfVectorizer with sublinear_tf.
func FitTerms(docs []string, opts *TermOptions) (*Terms, error) {
	o, err := opts.filled()
	if err != nil {
		return nil, err
	}
	stop := map[string]bool{}
	for _, word := range o.Stop {
		stop[word] = true
	}
	df := map[string]int{}   // documents that have a term
	last := map[string]int{} // the document that a term was last counted in, from 1
	for i, doc := range docs {
		eachWord(doc, func(word string) {
			if !stop[word] && last[word] != i+1 {
				// A clone, for the word may be a part of the whole document.
				word = strings.Clone(word)
				last[word] = i + 1
				df[word]++
			}
		})
	}
	n := float64(len(docs))
	maps.DeleteFunc(df, func(_ string, k int) bool { return k < o.MinDocs || float64(k) > o.MaxShare*n })
	if len(df) == 0 {
		return nil, fmt.Errorf("data.FitTerms: no word of the %d documents is in %d to %v %% of them; want more documents, or other limits", len(docs), o.MinDocs, 100*o.MaxShare)
	}
	t := &Terms{Names: slices.Sorted(maps.Keys(df)), Weight: o.Weight}
	for _, name := range t.Names {
		t.IDF = append(t.IDF, math.Log((1+n)/(1+float64(df[name])))+1)
	}
	return t, nil
}

// filled returns the options with their defaults, or what is wrong with them.
func (o *TermOptions) filled() (TermOptions, error) {
	var f TermOptions
	if o != nil {
		f = *o
	}
	if f.MinDocs == 0 {
		f.MinDocs = 5
	}
	if f.MaxShare == 0 {
		f.MaxShare = 0.5
	}
	if f.Stop == nil {
		f.Stop = StopWords()
	}
	if f.Weight > Counts || f.MinDocs < 0 || !(f.MaxShare > 0 && f.MaxShare <= 1) {
		return f, fmt.Errorf("data.FitTerms: weight %d, at least %d documents, at most a share of %v; want TFIDF or Counts, a positive number, a share up to 1", f.Weight, f.MinDocs, f.MaxShare)
	}
	return f, nil
}

// Rows turns texts into rows, one column a term; words that are no terms do not count. A text without any term is a row of
// zeros.
func (t *Terms) Rows(docs []string) *Sparse {
	s := &Sparse{Rows: len(docs), Cols: len(t.Names), Start: make([]int, 1, len(docs)+1)}
	column := make(map[string]int32, len(t.Names))
	for j, name := range t.Names {
		column[name] = int32(j)
	}
	tf := map[int32]float64{} // how often the current text has the terms that it has
	for _, doc := range docs {
		// A text has few of the terms: its row takes memory for those alone.
		clear(tf)
		eachWord(doc, func(word string) {
			if j, is := column[word]; is {
				tf[j]++
			}
		})
		for _, j := range slices.Sorted(maps.Keys(tf)) {
			s.Columns, s.Values = append(s.Columns, j), append(s.Values, t.value(j, tf[j]))
		}
		s.Start = append(s.Start, len(s.Columns))
		if row := s.Values[s.Start[len(s.Start)-2]:]; t.Weight == TFIDF {
			toLengthOne(row)
		}
	}
	return s
}

// value is the weight of a term before the row is brought to length 1.
func (t *Terms) value(column int32, tf float64) float64 {
	if t.Weight == Counts {
		return tf
	}
	return (1 + math.Log(tf)) * t.IDF[column]
}

// toLengthOne divides a row by √Σx².
func toLengthOne(row []float64) {
	squares := 0.0
	for _, x := range row {
		squares += x * x
	}
	length := math.Sqrt(squares)
	for i := range row {
		row[i] /= length
	}
}

// eachWord visits the words of a text in lower case.
func eachWord(doc string, visit func(word string)) {
	doc = strings.ToLower(doc)
	for word := range strings.FieldsFuncSeq(doc, func(c rune) bool { return c != '_' && !unicode.IsLetter(c) && !unicode.IsNumber(c) }) {
		// At least two characters: one of them may take several bytes.
		for i := range word {
			if i > 0 {
				visit(word)
				break
			}
		}
	}
}

// TextOptions describe a file of texts to [LoadTexts]. A nil pointer and the zero value mean: commas and quotes as
// in CSV, no header, the class in the first column, the text in all others.
type TextOptions struct {
	Tab     bool     // cells are separated by tabs, and quotes are nothing special
	Header  bool     // the first line names the columns
	Last    bool     // the class is in the last column, not in the first
	Classes []string // names and order of the classes, another is an error; nil: those of the file in alphabetical order
}

// LoadTexts reads a document a line, packed with gzip or not: a class, then the text, whose cells are joined by blanks
// if there are several. An error names file, line and column.
func LoadTexts(path string, opts *TextOptions) (*Texts, error) {
	x, err := readFile("data.LoadTexts", path, "a file with a class and a text on every line", func(r io.Reader, name string) (*Texts, error) {
		return ReadTexts(r, name, opts)
	})
	if err != nil {
		return nil, err
	}
	x.Name = filepath.Base(path)
	return x, nil
}

// ReadTexts is [LoadTexts] for any stream; name stands for the file in errors and becomes the name of the set.
func ReadTexts(r io.Reader, name string, opts *TextOptions) (*Texts, error) {
	var o TextOptions
	if opts != nil {
		o = *opts
	}
	x, classes := &Texts{Name: name}, []string(nil)
	header := o.Header
	err := eachLine(r, "data.ReadTexts", name, longestLine, func(line string) error {
		if header {
			header = false
			return nil
		}
		class, doc, err := o.split(line)
		if err != nil {
			return err
		}
		if o.Classes != nil && !slices.Contains(o.Classes, class) {
			return fmt.Errorf("no class is called %s; want one of %s", short(class), list(o.Classes))
		}
		classes, x.Docs = append(classes, class), append(x.Docs, doc)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case len(x.Docs) == 0:
		return nil, fmt.Errorf("data.ReadTexts: %s: no texts; want a class and a text on every line", name)
	}
	x.classify(classes, o.Classes)
	return x, nil
}

// split takes class and text from a line.
func (o TextOptions) split(line string) (class, doc string, err error) {
	cells := strings.Split(line, "\t")
	if !o.Tab {
		if cells, err = splitCells(nil, line, ','); err != nil {
			return "", "", fmt.Errorf("column %d: %w", len(cells)+1, err)
		}
	}
	if len(cells) < 2 {
		return "", "", errors.New("one cell; want a class and a text")
	}
	at, rest := 0, cells[1:]
	if o.Last {
		at, rest = len(cells)-1, cells[:len(cells)-1]
	}
	return strings.TrimSpace(cells[at]), strings.Join(rest, " "), nil
}

// classify numbers the classes in the order that is given, or else alphabetically.
func (x *Texts) classify(classes, order []string) {
	if order == nil {
		order = slices.Compact(slices.Sorted(slices.Values(classes)))
	}
	x.Classes = slices.Clone(order)
	for _, class := range classes {
		x.Labels = append(x.Labels, int32(slices.Index(x.Classes, class)))
	}
}
