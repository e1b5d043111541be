package cuda

import (
	"strings"
	"unicode"
)

// Builders write what they mean, step by step: a sum is a fresh register, and then its variable is set to it. The text
// that people read and drivers translate says it in one instruction.

// tidy joins an instruction with a move of its result, where nothing else reads that:
//
//	fma.rn.f32 %f9, %f7, %f8, %f1;
//	mov.f32 %f1, %f9;               →  fma.rn.f32 %f1, %f7, %f8, %f1;
//
// It is a matter of text and of the time that reading it takes; translators do the same.
func (c *code) tidy() {
	lines := strings.SplitAfter(c.body.String(), "\n")
	uses := occurrences(c.body.String())
	c.body.Reset()
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if i+1 < len(lines) {
			if joined, ok := join(line, lines[i+1], uses); ok {
				line = joined
				i++
			}
		}
		c.body.WriteString(line)
	}
}

// occurrences counts how often every register is named.
func occurrences(text string) map[string]int {
	count := map[string]int{}
	for {
		at := strings.IndexByte(text, '%')
		if at < 0 {
			return count
		}
		text = text[at:]
		end := 1
		for end < len(text) && (text[end] >= '0' && text[end] <= '9' || unicode.IsLetter(rune(text[end]))) {
			end++
		}
		count[text[:end]]++
		text = text[end:]
	}
}

// join is one instruction for two, the second of which only moves the result of the first on.
//
// Where the register is named twice in all, the first instruction writes it and the move reads it. Instructions under a
// guard stay, as do those with vectors of registers, whose first operand begins with a brace, and moves of bits from one
// kind of register to another.
func join(line, move string, uses map[string]int) (string, bool) {
	name, rest, ok := strings.Cut(line, " ")
	result, operands, several := strings.Cut(rest, ", ")
	if !ok || !several || !strings.HasPrefix(result, "%") || strings.HasPrefix(name, "\t@") || uses[result] != 2 {
		return "", false
	}
	mov, rest, _ := strings.Cut(move, " ")
	to, from, _ := strings.Cut(strings.TrimSuffix(rest, ";\n"), ", ")
	if !strings.HasPrefix(mov, "\tmov.") || from != result || family(to) != family(from) {
		return "", false
	}
	return name + " " + to + ", " + operands, true
}

// family is the name of a register without its number.
func family(register string) string { return strings.TrimRight(register, "0123456789") }
