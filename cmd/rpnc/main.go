// Command rpnc trains, evaluates and explains RPN models.
//
//	rpnc train                         train a convolutional network on handwritten digits
//	rpnc eval -m net.safetensors       measure a checkpoint
//	rpnc predict -m net.safetensors rows.csv
//	rpnc gradcheck                     compare all gradients with differences
//	rpnc graph -model mlp -passes      show what the compiler does
//	rpnc list                          list the functions
//	rpnc config run.yaml               check a configuration
//	rpnc plot run.jsonl                draw the curves of a log
//	rpnc bench -workloads mlp_mnist    measure steps of inference and training
//	rpnc help COMMAND                  say more
//
// The exit status is 0 after success, 1 after a failure and 2 where the command line is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"text/tabwriter"

	"rpnc/rpnops"
)

// main ends the context at the first interrupt; what runs then stops at its next safe point and writes
// what it has. Further interrupts change nothing until then.
func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	status := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	stop()
	os.Exit(status)
}

// How the command is put together. main knows the process: signals, arguments, streams, the exit
// status. run knows none of that, so tests call it with buffers and a context of their own and see
// exactly what a user sees. Each sub-command is a value of type command in a file of its own: its flags
// method fills a struct with what the flags say and answers with that struct's method run, so that
// there are no variables of the package and two invocations in one process never meet.
//
// Errors are of two kinds. A usageError is about the command line: it ends with status 2 and a hint at
// the help. Every other error is about files, data or models and ends with status 1. Both are printed
// once, here, with the name of the sub-command in front; nothing below prints an error and goes on.
//
// Results go to stdout, everything that is said along the way (progress, the device in use, peers that
// are missing) to stderr, so that a pipe gets results alone. With -json a result is JSON that no human
// text is mixed with.

// command is one sub-command. Its flags method declares the flags and answers with what runs once they are read.
type command struct {
	name    string
	args    string // after the flags, for the help
	does    string // one line
	details string
	example string
	flags   func(fs *flag.FlagSet) func(c *call) error
}

// call is one invocation of a sub-command. It ends early when its context does.
//
// The streams are arguments and not os.Stdout, for tests and because a sub-command that writes to a
// file exchanges one of them.
type call struct {
	context.Context
	args           []string // that are no flags
	stdin          io.Reader
	stdout, stderr io.Writer
}

// commands lists the sub-commands in the order of the help.
func commands() []command {
	return []command{trainCommand, evalCommand, predictCommand, gradcheckCommand, graphCommand, listCommand, configCommand, plotCommand, benchCommand}
}

// The exit statuses.
const (
	success = iota
	failure
	misuse
)

// usageError is a mistake in the command line.
type usageError string

func (e usageError) Error() string { return string(e) }

// usagef makes a usageError. Its text names the flag, what it was given and what would be right.
func usagef(format string, args ...any) error { return usageError(fmt.Sprintf(format, args...)) }

// run is the whole command: it answers with the exit status.
//
// Leading dashes of the first word are dropped, so that -h, --help and help are one; flag's own
// printing is silenced, as it would show the flags before the mistake and push the mistake off the
// screen.
func run(ctx context.Context, args []string, stdin io.Reader, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		help(stderr)
		return misuse
	}
	name := strings.TrimLeft(args[0], "-")
	if name == "help" || name == "h" {
		return runHelp(args[1:], stdout, stderr)
	}
	cmd, ok := find(name)
	if !ok {
		fmt.Fprintf(stderr, "rpnc: no command is called %q%s\n", args[0], suggest(name, names()))
		return misuse
	}
	fs := flag.NewFlagSet(cmd.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	do := cmd.flags(fs)
	err := fs.Parse(args[1:])
	if errors.Is(err, flag.ErrHelp) {
		cmd.help(stdout)
		return success
	}
	if err != nil {
		err = usageError(flagMistake(fs, err))
	} else {
		err = do(&call{ctx, fs.Args(), stdin, stdout, stderr})
	}
	return report(stderr, cmd.name, err)
}

// report prints an error and answers with the exit status.
func report(stderr io.Writer, command string, err error) int {
	var usage usageError
	switch {
	case err == nil:
		return success
	case errors.As(err, &usage):
		fmt.Fprintf(stderr, "rpnc %s: %v\n\"rpnc help %s\" lists the flags\n", command, err, command)
		return misuse
	}
	fmt.Fprintf(stderr, "rpnc %s: %v\n", command, err)
	return failure
}

// find looks a sub-command up by its name.
func find(name string) (command, bool) {
	for _, c := range commands() {
		if c.name == name {
			return c, true
		}
	}
	return command{}, false
}

// names are the words that may come first, for suggestions.
func names() (out []string) {
	for _, c := range commands() {
		out = append(out, c.name)
	}
	return append(out, "help")
}

// suggest is the end of an error about an unknown word.
//
// It names the nearest word where one is near enough to be a slip of the fingers, else all of them.
func suggest(word string, words []string) string {
	if best := rpnops.Nearest(word, words); best != "" {
		return fmt.Sprintf("; did you mean %q?", best)
	}
	return "; there are " + strings.Join(words, ", ")
}

// flagMistake says what is wrong with the flags, with the nearest flag where one is unknown.
//
// Package flag tells an unknown flag by its text alone, hence the prefix.
func flagMistake(fs *flag.FlagSet, err error) string {
	const unknown = "flag provided but not defined: -"
	name, isUnknown := strings.CutPrefix(err.Error(), unknown)
	if !isUnknown {
		return strings.Replace(err.Error(), ": parse error", "; want a number", 1)
	}
	var known []string
	fs.VisitAll(func(f *flag.Flag) { known = append(known, f.Name) })
	if best := rpnops.Nearest(name, known); best != "" {
		return fmt.Sprintf("no flag is called -%s; did you mean -%s?", name, best)
	}
	return fmt.Sprintf("no flag is called -%s", name)
}

// runHelp is rpnc help [COMMAND].
func runHelp(args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		help(stdout)
		return success
	}
	cmd, ok := find(args[0])
	if !ok {
		fmt.Fprintf(stderr, "rpnc help: no command is called %q%s\n", args[0], suggest(args[0], names()))
		return misuse
	}
	cmd.help(stdout)
	return success
}

// help lists the commands.
func help(w io.Writer) {
	fmt.Fprint(w, "rpnc compiles, trains and explains RPN models.\n\n")
	t := tabwriter.NewWriter(w, 0, 8, 2, ' ', 0)
	for _, c := range commands() {
		fmt.Fprintf(t, "  rpnc %s\t%s\n", c.name, c.does)
	}
	fmt.Fprint(t, "  rpnc help COMMAND\tflags and an example\n")
	t.Flush()
}

// help shows the flags of a command and an example.
//
// The flags are declared on a set that is thrown away: their defaults and texts are then those that a
// run uses.
func (c command) help(w io.Writer) {
	fmt.Fprintf(w, "rpnc %s: %s\n\nusage: %s\n", c.name, c.does, strings.TrimSpace("rpnc "+c.name+" [flags] "+c.args))
	if c.details != "" {
		fmt.Fprintf(w, "\n%s\n", c.details)
	}
	fmt.Fprintf(w, "\nexample:\n  %s\n\nflags:\n", c.example)
	fs := flag.NewFlagSet(c.name, flag.ContinueOnError)
	c.flags(fs)
	fs.SetOutput(w)
	fs.PrintDefaults()
}

// noArgs is the mistake of arguments where none belong.
func (c *call) noArgs() error {
	if len(c.args) > 0 {
		return usagef("unexpected argument %q; flags go before arguments and start with -", c.args[0])
	}
	return nil
}
