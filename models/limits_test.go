package models_test

import (
	"strings"
	"testing"

	"rpnc/models"
)

func TestModelsThatNoMemoryHoldsAreErrors(t *testing.T) {
	_, err := models.New(models.MLP{Dims: []int{4, 99_999_999_999, 3}}, nil)
	if err == nil || !strings.Contains(err.Error(), "layers.0.heads.0.") || !strings.Contains(err.Error(), "2³⁶") {
		t.Fatalf("%v; want an error that names the parameter and the bound", err)
	}
}
