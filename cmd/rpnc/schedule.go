package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"rpnc/models/config"
	"rpnc/models/optim"
)

// A schedule on the command line is a class of configurations in a shorter spelling: NAME:A=1,B=2 is
// turned into YAML and decoded by the same code, so parameters, their bounds and their errors are one
// and the same. What differs is put right afterwards: errors name the flag and not a line.

// schedules are those of -schedule by name, with the class whose parameters they take.
var schedules = map[string]string{
	"constant": "constant_rate", "cosine": "CosineAnnealingLR", "exponential": "ExponentialLR", "linear": "LinearLR",
	"multistep": "MultiStepLR", "plateau": "ReduceLROnPlateau", "step": "StepLR",
}

// scheduleHelp is the help of -schedule.
const scheduleHelp = "learning rate over the epochs: NAME or NAME:PARAMETER=VALUE,…; constant, cosine (T_max, eta_min), exponential (gamma), linear (start_factor, " +
	"end_factor, total_iters), multistep (milestones=[…], gamma), step (step_size, gamma), plateau (factor, patience, threshold, cooldown, min_lr) (default cosine, which falls to 0)"

// schedule makes the schedule that the flags describe: cosine:eta_min=1e-5, with a rise before it where -warmup is given. The
// parameters are those of configurations; a cosine falls over all epochs after the rise unless it has a T_max.
func (s settings) schedule() (optim.Schedule, error) {
	name, params, _ := strings.Cut(s.Schedule, ":")
	class, ok := schedules[name]
	if !ok {
		return nil, usagef("-schedule %q is unknown%s", name, suggest(name, slices.Sorted(maps.Keys(schedules))))
	}
	if name == "cosine" && !strings.Contains(params, "T_max") {
		params = strings.Trim(fmt.Sprintf("T_max=%d,%s", max(1, s.Epochs-s.Warmup), params), ",")
	}
	text := fmt.Sprintf("lr_scheduler_class: %s\nlr_scheduler_parameters: {%s}\n", class, strings.ReplaceAll(params, "=", ": "))
	node, err := config.Parse("-schedule", []byte(text))
	if err != nil {
		return nil, usagef("-schedule %q cannot be read; want NAME or NAME:PARAMETER=VALUE,…", s.Schedule)
	}
	obj, err := (&config.Codec{}).Object(node)
	if err != nil {
		return nil, usagef("-schedule %s", inFlag(err, class, name))
	}
	if s.Warmup == 0 {
		return obj.(optim.Schedule), nil
	}
	return optim.WarmUp{Length: s.Warmup, Then: obj.(optim.Schedule)}, nil
}

// inFlag are the mistakes of a configuration that was made of a flag: without lines, of which a flag has one, and with the
// flag's name in place of the class.
func inFlag(err error, class, name string) string {
	var all config.Errors
	if !errors.As(err, &all) {
		return err.Error()
	}
	var texts []string
	for _, e := range all {
		texts = append(texts, strings.Replace(e.Where, class, name, 1)+": "+e.Msg)
	}
	return strings.Join(texts, "\n")
}
