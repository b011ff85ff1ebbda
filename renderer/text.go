package main

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeText gives a file's text as kubectl reads it: a byte order mark chooses UTF-8 or UTF-16 and is dropped, and
// a byte that is no UTF-8 becomes U+FFFD. badLine is the line of the first such byte, or 0.
func decodeText(data []byte) (text []byte, badLine int) {
	switch {
	case bytes.HasPrefix(data, []byte{0xEF, 0xBB, 0xBF}):
		data = data[3:]
	case bytes.HasPrefix(data, []byte{0xFF, 0xFE}):
		return decodeUTF16(data[2:], 0, 1), 0
	case bytes.HasPrefix(data, []byte{0xFE, 0xFF}):
		return decodeUTF16(data[2:], 1, 0), 0
	}
	if utf8.Valid(data) {
		return data, 0
	}
	text = []byte(string([]rune(string(data))))
	for same := 0; ; same++ {
		if same == len(data) || same == len(text) || data[same] != text[same] {
			return text, 1 + bytes.Count(data[:same], []byte("\n"))
		}
	}
}

func decodeUTF16(data []byte, low, high int) []byte {
	units := make([]uint16, 0, len(data)/2)
	for i := 0; i+1 < len(data); i += 2 {
		units = append(units, uint16(data[i+high])<<8|uint16(data[i+low]))
	}
	return []byte(string(utf16.Decode(units)))
}

// document is one part of a file and the line, from 1, at which it begins.
type document struct {
	text []byte
	line int
}

// splitDocuments cuts a file at its "---" lines before any of it is parsed, as kubectl does. Other text than a comment
// after "---" is a fault; the documents before it are given all the same.
func splitDocuments(text []byte) ([]document, *Fault) {
	var documents []document
	start, startLine := 0, 1
	cut := func(end int) {
		if end > start {
			documents = append(documents, document{text[start:end], startLine})
		}
	}
	line := 0
	for at := 0; at < len(text); {
		line++
		next := len(text)
		if end := bytes.IndexByte(text[at:], '\n'); end >= 0 {
			next = at + end + 1
		}
		if bytes.HasPrefix(text[at:next], []byte("---")) {
			rest := strings.TrimSpace(string(text[at+3 : next]))
			if rest != "" && rest[0] != '#' {
				return documents, &Fault{Code: CodeInvalid, Line: line, Message: "only a comment may follow --- on its line"}
			}
			cut(at)
			start, startLine = next, line+1
		}
		at = next
	}
	cut(len(text))
	return documents, nil
}

// firstLine is the number of the document's first line that is neither blank nor a comment.
func (d document) firstLine() int {
	number := d.line
	for line := range bytes.Lines(d.text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != '#' {
			return number
		}
		number++
	}
	return d.line
}

// looksLikeManifest tells whether a file that does not parse was probably meant to be applied.
func looksLikeManifest(text []byte) bool {
	for _, word := range []string{"apiVersion:", "kind:", "metadata:"} {
		if !bytes.Contains(text, []byte(word)) {
			return false
		}
	}
	return true
}

func invalid(line int, format string, arguments ...any) *Fault {
	return &Fault{Code: CodeInvalid, Line: line, Message: fmt.Sprintf(format, arguments...)}
}
