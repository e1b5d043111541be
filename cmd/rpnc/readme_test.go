package main

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"rpnc/models"
)

// modelRow is a row of the README's table of models: the name, and the command that trains one.
var modelRow = regexp.MustCompile("(?m)^\\| `(\\w+)` \\| `models\\..*\\| `rpnc (train [^`]*)` \\|$")

// TestReadmesCommandsTrainTheirModels runs every command of the table of models for one epoch.
func TestReadmesCommandsTrainTheirModels(t *testing.T) {
	commands := modelCommands(t)
	for _, e := range models.Entries() {
		if e.Kind != "model" {
			continue
		}
		if commands[e.Name] == "" {
			t.Errorf("the table of models has no command that trains %s", e.Name)
			continue
		}
		t.Run(e.Name, func(t *testing.T) {
			args := strings.Fields(commands[e.Name])
			if model := args[len(args)-1]; !isModel(t, model, e.Name) {
				t.Errorf("rpnc %s trains another model", commands[e.Name])
			}
			contains(t, commands[e.Name], ok(t, append(args, "-epochs", "1")...), "test accuracy", "after 1 epochs")
		})
	}
}

// The models of flowers are trained in full: what a reader tries first must have learned something.
func TestReadmesModelsTellFlowersApart(t *testing.T) {
	seen := 0
	for name, line := range modelCommands(t) {
		if !strings.Contains(line, "-data iris") {
			continue
		}
		seen++
		var r result
		if err := json.Unmarshal([]byte(ok(t, append(strings.Fields(line), "-json")...)), &r); err != nil || r.Test < 0.9 {
			t.Errorf("rpnc %s: accuracy %v of %s; want 0.9 or more (%v)", line, r.Test, name, err)
		}
	}
	if seen < 5 {
		t.Errorf("%d models of flowers; want 5 or more", seen)
	}
}

// modelCommands goes to the root of the project and reads the table of models: the arguments of rpnc by model.
func modelCommands(t *testing.T) map[string]string {
	t.Helper()
	t.Chdir("../..")
	text, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := map[string]string{}
	for _, row := range modelRow.FindAllStringSubmatch(string(text), -1) {
		commands[row[1]] = row[2]
	}
	return commands
}

// isModel says whether the argument of -model is the model called name: by its name, or as a file of its class.
func isModel(t *testing.T, arg, name string) bool {
	t.Helper()
	if !strings.HasSuffix(arg, ".yaml") {
		return arg == name
	}
	text, err := os.ReadFile(arg)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Contains(string(text), "model_class: tinybig.model."+name+"\n")
}
