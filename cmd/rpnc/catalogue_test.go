package main

import (
	"os"
	"strings"
	"testing"

	"rpnc/rpnops"
)

func TestCatalogueIsFresh(t *testing.T) {
	have, err := os.ReadFile("../../rpnops/CATALOGUE.md")
	if err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	if err := catalogue(&want); err != nil {
		t.Fatal(err)
	}
	if string(have) != want.String() {
		t.Error("rpnops/CATALOGUE.md is not what rpnc list -markdown prints: run go generate ./rpnops")
	}
	for _, e := range rpnops.Entries() {
		if !strings.Contains(want.String(), "| `"+e.Name+"` |") {
			t.Errorf("the catalogue has no row for %s", e.Name)
		}
	}
}
