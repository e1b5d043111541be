package graph

import (
	"bufio"
	"fmt"
	"html"
	"io"
	"regexp"
	"strings"
)

// Column is one column of an HTML page: what a pass left, as written by [Graph.Text].
type Column struct{ Name, Text string }

// HTML writes one self-contained page with a column per pass. Pointing at a value marks it wherever its column reads
// it and, in all columns, the lines that come from the same line of the user's code; a click keeps the mark. (A
// pass numbers its values anew, so what stays the same from column to column is the site.) A click on a column's name
// folds it.
func HTML(w io.Writer, title string, columns []Column) error {
	b := bufio.NewWriter(w)
	fmt.Fprintf(b, pageHead, html.EscapeString(title))
	for i, c := range columns {
		fmt.Fprintf(b, "<section><h2>%s</h2><pre>", html.EscapeString(c.Name))
		for line := range strings.Lines(c.Text) {
			b.WriteString(htmlLine(i, strings.TrimSuffix(line, "\n")))
		}
		b.WriteString("</pre></section>\n")
	}
	b.WriteString(pageTail)
	return b.Flush()
}

// valueName is a whole word: parameters may be called layers.v2.w.
var valueName = regexp.MustCompile(`^v[0-9]+$`)

// htmlLine marks up a line: the values in it, its site, and the value that it defines.
func htmlLine(column int, line string) string {
	text, site := line, ""
	if i := strings.LastIndex(line, "  "); i >= 0 {
		text, site = line[:i], line[i+2:]
	}
	defines := ""
	words := strings.Split(text, " ")
	for i, word := range words {
		words[i] = html.EscapeString(word)
		if !valueName.MatchString(word) {
			continue
		}
		if i == 0 {
			defines = fmt.Sprintf(` data-d="%d%s"`, column, word)
		}
		words[i] = fmt.Sprintf(`<b data-v="%d%s">%s</b>`, column, word, word)
	}
	s := html.EscapeString(site)
	out := fmt.Sprintf(`<div data-s="%s"%s>%s`, s, defines, strings.Join(words, " "))
	if site != "" {
		out += "  <i>" + s + "</i>"
	}
	return out + "</div>"
}

// The page needs no network and no other file, so a dump can be mailed. The classes value and site mark what the pointer
// is on, kept and keptsite what was clicked.
const pageHead = `<!DOCTYPE html>
<html lang="en"><head><meta charset="utf-8"><title>%[1]s</title>
<style>
body { margin: 0; font: 13px sans-serif }
h1 { font-size: 16px; margin: 8px }
main { display: flex; align-items: flex-start }
section { border-right: 1px solid #ccc; padding: 0 8px; flex: none }
section.folded pre { display: none }
h2 { font-size: 13px; margin: 4px 0; cursor: pointer; position: sticky; top: 0; background: #fff }
pre { margin: 0; font: 12px monospace }
b { cursor: pointer; font-weight: normal; color: #0645ad }
i { color: #999 }
div.site { background: #fff7d1 }
b.value { background: #ffd54a }
div.keptsite { background: #e3f4e1 }
b.kept { background: #8fd18a }
</style></head><body><h1>%[1]s</h1><main>
`

const pageTail = `</main>
<script>
"use strict";
const each = (q, f) => document.querySelectorAll(q).forEach(f);
// mark sets or clears a pair of classes: one on a value's places, one on the lines of its site in all columns.
function mark(value, on, onValue, onSite) {
  each('b[data-v="' + value + '"]', e => e.classList.toggle(onValue, on));
  const line = document.querySelector('div[data-d="' + value + '"]');
  const site = line ? line.dataset.s : "";
  if (site) each("div[data-s]", e => { if (e.dataset.s === site) e.classList.toggle(onSite, on); });
}
each("b[data-v]", e => {
  e.onmouseenter = () => mark(e.dataset.v, true, "value", "site");
  e.onmouseleave = () => mark(e.dataset.v, false, "value", "site");
  e.onclick = () => mark(e.dataset.v, !e.classList.contains("kept"), "kept", "keptsite");
});
each("h2", e => { e.onclick = () => e.parentNode.classList.toggle("folded"); });
</script></body></html>
`
