package data

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"
)

// longestLine is what a line of a text file may have in bytes unless the caller says otherwise: room for 100,000 cells.
const longestLine = 1 << 20

// eachLine hands the lines of a text that are not blank to read, without the byte order mark that spreadsheets write.
// An error of read gets whose error it is, the file and the line before it. Memory is bounded by one line.
func eachLine(r io.Reader, op, name string, longest int, read func(line string) error) error {
	// A line that is too long is refused before it is read to its end, be it a file of another kind or an attack.
	lines := bufio.NewScanner(r)
	lines.Buffer(make([]byte, 0, min(longest, 1<<16)), longest)
	n := 0
	// After a read error the scanner still hands out what it has of the line: half a number may look like a whole one.
	for lines.Scan() && lines.Err() == nil {
		n++
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := read(line); err != nil {
			return fmt.Errorf("%s: %s:%d: %w", op, name, n, err)
		}
	}
	if err := lines.Err(); errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("%s: %s:%d: the line is longer than %d bytes; want shorter ones", op, name, n+1, longest)
	} else if err != nil {
		return fmt.Errorf("%s: %s:%d: %w", op, name, n+1, err)
	}
	return nil
}
