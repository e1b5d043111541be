package data_test

import (
	"encoding/json"
	"fmt"
	"log"
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"

	"rpnc/models/data"
)

var docs = []string{"The cat sat on the mat; the cat's mat.", "A dog and a CAT: dogs, dog dog!", "x2 x2 Über_all über_all naïve", "the of and"}

// The figures are those of scikit-learn's TfidfVectorizer for the same texts and limits.
func TestTFIDFIsThatOfScikitLearn(t *testing.T) {
	for _, c := range []struct {
		opts  data.TermOptions
		names []string
		idf   []float64
		rows  [][]float64
	}{
		{data.TermOptions{MinDocs: 1, MaxShare: 1}, []string{"cat", "dog", "dogs", "mat", "naïve", "sat", "x2", "über_all"},
			[]float64{1.5108256237659907, 1.916290731874155, 1.916290731874155, 1.916290731874155, 1.916290731874155, 1.916290731874155, 1.916290731874155, 1.916290731874155},
			[][]float64{{0.5616600479006149, 0, 0, 0.7123945525712432, 0, 0.42075169881902713, 0, 0},
				{0.3211787502720045, 0.8549211725618487, 0.4073745194279915, 0, 0, 0, 0, 0},
				{0, 0, 0, 0, 0.38537162746640063, 0, 0.6524908845125339, 0.6524908845125339},
				{0, 0, 0, 0, 0, 0, 0, 0}}},
		{data.TermOptions{MinDocs: 2, Stop: []string{}}, []string{"and", "cat", "the"}, []float64{1.5108256237659907, 1.5108256237659907, 1.5108256237659907},
			[][]float64{{0, 0.6279137616509932, 0.7782829228046183}, {0.7071067811865475, 0.7071067811865475, 0}, {0, 0, 0}, {0.7071067811865475, 0, 0.7071067811865475}}},
	} {
		terms, err := data.FitTerms(docs, &c.opts)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(terms.Names, c.names) || !near(terms.IDF, c.idf) {
			t.Errorf("terms %q, idf %v\nwant %q, %v", terms.Names, terms.IDF, c.names, c.idf)
		}
		s := terms.Rows(docs)
		x, err := s.Dense(0)
		if err != nil || !near(x, slices.Concat(c.rows...)) {
			t.Errorf("%+v: rows %v, %v\nwant %v", c.opts, x, err, c.rows)
		}
	}
}

// near compares within rounding.
func near(a, b []float64) bool {
	return slices.EqualFunc(a, b, func(x, y float64) bool { return math.Abs(x-y) <= 1e-15 })
}

func TestCountsAreTheBagOfWords(t *testing.T) {
	terms, err := data.FitTerms(docs, &data.TermOptions{MinDocs: 1, Weight: data.Counts})
	if err != nil {
		t.Fatal(err)
	}
	x, err := terms.Rows([]string{"cat DOG dog unknown cat cat", ""}).Dense(0)
	want := make([]float64, 16)
	want[0], want[1] = 3, 2
	if err != nil || !slices.Equal(x, want) {
		t.Errorf("%q: %v, %v; want %v", terms.Names, x, err, want)
	}
}

func TestFitTermsRejectsLimitsAndEmptyVocabularies(t *testing.T) {
	if n := len(data.StopWords()); n != 318 || !slices.Contains(data.StopWords(), "the") {
		t.Errorf("%d stop words", n)
	}
	for _, c := range []struct {
		opts *data.TermOptions
		want string
	}{
		{nil, "no word of the 4 documents is in 5 to 50 % of them"},
		{&data.TermOptions{MinDocs: -1}, "at least -1 documents"},
		{&data.TermOptions{MaxShare: 1.5}, "a share of 1.5"},
		{&data.TermOptions{MaxShare: math.NaN()}, "a share of NaN"},
		{&data.TermOptions{Weight: 7}, "weight 7"},
	} {
		terms, err := data.FitTerms(docs, c.opts)
		expect(t, terms, err, c.want)
	}
}

func TestTermsSurviveJSON(t *testing.T) {
	terms, err := data.FitTerms(docs, &data.TermOptions{MinDocs: 1})
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(terms)
	if err != nil {
		t.Fatal(err)
	}
	var again data.Terms
	if err := json.Unmarshal(text, &again); err != nil || !reflect.DeepEqual(again.Rows(docs), terms.Rows(docs)) {
		t.Errorf("%v, other rows", err)
	}
}

func TestReadTextsTakesClassAndText(t *testing.T) {
	for _, c := range []struct {
		text string
		opts *data.TextOptions
		want data.Texts
	}{
		{"\"3\",\"A \"\"title\"\"\",\"the, text\"\n1,x,y\n", nil, data.Texts{Docs: []string{`A "title" the, text`, "x y"}, Labels: []int32{1, 0}, Classes: []string{"1", "3"}}},
		{"sentence\tlabel\n\"odd quote , here\t1\nfine \t0\n", &data.TextOptions{Tab: true, Header: true, Last: true},
			data.Texts{Docs: []string{`"odd quote , here`, "fine "}, Labels: []int32{1, 0}, Classes: []string{"0", "1"}}},
		{"pos,good\n", &data.TextOptions{Classes: []string{"pos", "neg"}}, data.Texts{Docs: []string{"good"}, Labels: []int32{0}, Classes: []string{"pos", "neg"}}},
	} {
		x, err := data.ReadTexts(strings.NewReader(c.text), "", c.opts)
		if err != nil || !reflect.DeepEqual(*x, c.want) {
			t.Errorf("%q: got %+v, %v", c.text, x, err)
		}
	}
	for text, want := range map[string]string{
		"":               "data.ReadTexts: f: no texts; want a class and a text",
		"1,a\n\nhello\n": "f:3: one cell; want a class and a text",
		"1,\"a\n":        "f:1: column 2: a quote is not closed",
		"7,a\n":          `f:1: no class is called "7"; want one of "1", "2"`,
	} {
		x, err := data.ReadTexts(strings.NewReader(text), "f", &data.TextOptions{Classes: []string{"1", "2"}})
		expect(t, x, err, want)
	}
	x, err := data.LoadTexts("none", nil)
	expect(t, x, err, "want a file with a class and a text on every line")
	if x, err := data.LoadTexts(write(t, "a.csv", []byte("1,a\n")), nil); err != nil || x.Name != "a.csv" {
		t.Errorf("%+v, %v", x, err)
	}
}

func FuzzReadTexts(f *testing.F) {
	f.Add("1,\"a \"\"b\"\"\",the cat\n2,dogs and cats\n", false, false)
	f.Add("a text\t1\nİ½\xff\t0\n", true, true)
	f.Fuzz(func(t *testing.T, text string, tab, last bool) {
		var x *data.Texts
		var err error
		frugally(t, len(text), func() {
			x, err = data.ReadTexts(strings.NewReader(text), "fuzz", &data.TextOptions{Tab: tab, Last: last})
		})
		if err != nil {
			return
		}
		terms, err := data.FitTerms(x.Docs, &data.TermOptions{MinDocs: 1, MaxShare: 1})
		if err != nil {
			return // no words
		}
		s := terms.Rows(x.Docs)
		if err := s.Validate(); err != nil {
			t.Fatal(err)
		}
		for i := range s.Rows {
			squares := 0.0
			for _, v := range s.Values[s.Start[i]:s.Start[i+1]] {
				squares += v * v
			}
			if squares != 0 && math.Abs(squares-1) > 1e-12 {
				t.Fatalf("row %d has the squared length %v", i, squares)
			}
		}
	})
}

func ExampleFitTerms() {
	reviews := &data.Texts{Name: "reviews",
		Docs:   []string{"A wonderful film", "wonderful actors, wonderful film", "a dull film", "dull actors"},
		Labels: []int32{1, 1, 0, 0}, Classes: []string{"bad", "good"}}
	terms, err := data.FitTerms(reviews.Docs, &data.TermOptions{MinDocs: 2})
	if err != nil {
		log.Fatal(err)
	}
	d, err := reviews.Table(terms)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(d.Columns)
	for i := range d.Rows {
		fmt.Printf("%.2f %s\n", d.Row(i), d.Classes[d.Labels[i]])
	}
	// Output:
	// [actors dull wonderful]
	// [0.00 0.00 1.00] good
	// [0.51 0.00 0.86] good
	// [0.00 1.00 0.00] bad
	// [0.71 0.71 0.00] bad
}
