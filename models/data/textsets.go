package data

import (
	"fmt"
	"os"
	"path/filepath"
)

// TextSet is the recipe of IMDB, SST-2 and AG News: terms are fitted on the training texts.
type TextSet struct {
	Set      string // imdb, sst2 or agnews
	Batching `yaml:",inline"`
	LoadType string `yaml:"load_type"` // tfidf or counts

	TermOptions // no parameters of the reference, whose limits are their defaults
}

// textEntries are the sets of texts.
var textEntries = []Entry{
	{"imdb", "25,000 + 25,000 reviews of films, bad and good", "the folder aclImdb with train/neg, train/pos, test/neg and test/pos, a review a file, as A. Maas and others publish the " +
		"Large Movie Review Dataset", TextSet{Set: "imdb", Batching: usual, LoadType: "tfidf"}},
	{"sst2", "67,349 + 872 sentences from reviews, bad and good", "a folder with train.tsv and dev.tsv, a sentence, a tab and 0 or 1 on every line below a header, as the GLUE benchmark " +
		"distributes SST-2", TextSet{Set: "sst2", Batching: usual, LoadType: "tfidf"}},
	{"agnews", "120,000 + 7,600 news items, four topics", "a folder with train.csv and test.csv, a class 1 to 4, a title and a description on every line, as X. Zhang, J. Zhao and Y. LeCun " +
		"publish AG News", TextSet{Set: "agnews", Batching: usual, LoadType: "tfidf"}},
}

// Load implements [Loader]. Features are sparse, see [Dataset].
//
// Terms and their weights are statistics of the training part; the test part is only looked up in them.
// A table of 25,000 reviews has millions of entries that are not 0 and would have a billion that are,
// hence sparse rows.
func (s TextSet) Load(path string) (*Parts, error) {
	opts := s.TermOptions
	switch s.LoadType {
	case "", "tfidf":
	case "counts":
		opts.Weight = Counts
	default:
		return nil, fmt.Errorf("data.TextSet: load_type %s; want tfidf or counts (the other types need a trained model of a language)", short(s.LoadType))
	}
	train, err := s.texts(path, "train")
	if err != nil {
		return nil, err
	}
	test, err := s.texts(path, "test")
	if err != nil {
		return nil, err
	}
	// Words that only the test has must not become columns: nothing is learned of it.
	terms, err := FitTerms(train.Docs, &opts)
	if err != nil {
		return nil, err
	}
	var sets [2]*Dataset
	for i, x := range []*Texts{train, test} {
		x.Name = s.Set
		if sets[i], err = x.Table(terms); err != nil {
			return nil, err
		}
	}
	p := s.parts(sets[0], sets[1])
	p.Terms = terms
	return p, nil
}

// texts reads one part, train or test.
func (s TextSet) texts(path, part string) (*Texts, error) {
	// AG News has a title and a description, which become one text.
	opts, name := &TextOptions{Classes: []string{"1", "2", "3", "4"}}, part+".csv"
	switch s.Set {
	case "imdb":
		return readReviews(path, part)
	case "sst2":
		opts, name = &TextOptions{Tab: true, Header: true, Last: true, Classes: []string{"0", "1"}}, part+".tsv"
		if part == "test" {
			name = "dev.tsv" // the test part has no labels
		}
	case "agnews":
	default:
		return nil, fmt.Errorf("data.TextSet: no set %s; want imdb, sst2 or agnews", short(s.Set))
	}
	file, err := find(s.Set, path, name)
	if err != nil {
		return nil, err
	}
	return LoadTexts(file, opts)
}

// readReviews reads the folders of a part of IMDB, a text a file.
//
// Files come in the order of their names, and labels in that of the classes: all neg, then all pos.
func readReviews(path, part string) (*Texts, error) {
	x := &Texts{Classes: []string{"neg", "pos"}}
	for label, class := range x.Classes {
		dir, err := find("imdb", path, part)
		if err == nil {
			dir, err = find("imdb", dir, class)
		}
		if err != nil {
			return nil, err
		}
		files, err := os.ReadDir(dir)
		if err != nil {
			return nil, fmt.Errorf("data: imdb: %w; want the path of %s", err, filesOf("imdb"))
		}
		for _, f := range files {
			if filepath.Ext(f.Name()) != ".txt" {
				continue // notes and indexes that stand beside the reviews
			}
			text, err := os.ReadFile(filepath.Join(dir, f.Name()))
			if err != nil {
				return nil, fmt.Errorf("data: imdb: %w; want readable reviews", err)
			}
			x.Docs, x.Labels = append(x.Docs, string(text)), append(x.Labels, int32(label))
		}
	}
	if len(x.Docs) == 0 {
		return nil, fmt.Errorf("data: imdb: no reviews in %s; want %s", filepath.Join(path, part), filesOf("imdb"))
	}
	return x, nil
}
