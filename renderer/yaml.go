package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v2"
)

// parseYAML reads one document with the parser of sigs.k8s.io/yaml, so that scalars become what kubectl makes of them.
// Of keys given twice the last one counts; each is told as a warning.
func parseYAML(doc document) (any, []Warning, *Fault) {
	value, rest, err := decodeYAML(doc.text, true)
	var warnings []Warning
	var doubled *yaml.TypeError
	if errors.As(err, &doubled) {
		warnings = doubledKeys(doc, doubled)
		value, rest, err = decodeYAML(doc.text, false)
	}
	if err != nil {
		return nil, nil, yamlFault(doc, err)
	}
	if rest {
		warnings = append(warnings, Warning{"text-ignored", "text after the end of the document is not read", "", doc.firstLine()})
	}
	return value, warnings, nil
}

func decodeYAML(text []byte, strict bool) (value any, rest bool, err error) {
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	decoder.SetStrict(strict)
	if err := decoder.Decode(&value); err != nil && err != io.EOF {
		return nil, false, err
	}
	var ignored any
	return value, decoder.Decode(&ignored) != io.EOF, nil
}

var doubledKey = regexp.MustCompile(`^line (\d+): key (.*) already set in map$`)

func doubledKeys(doc document, doubled *yaml.TypeError) []Warning {
	// A merge that overrides its own map is reported as if it were a key given twice.
	if bytes.Contains(doc.text, []byte("<<")) {
		return nil
	}
	var warnings []Warning
	for _, problem := range doubled.Errors {
		if match := doubledKey.FindStringSubmatch(problem); match != nil {
			line, _ := strconv.Atoi(match[1])
			warnings = append(warnings, Warning{"duplicate-key", "key " + match[2] + " is given twice, the last one counts", "", doc.line + line - 1})
		}
	}
	return warnings
}

var lineOfError = regexp.MustCompile(`^(?:yaml: )?(?:line (\d+): )?(.*)$`)

// yamlFault keeps the parser's word and the line in the file, and leaves out values that it quotes.
func yamlFault(doc document, err error) *Fault {
	match := lineOfError.FindStringSubmatch(firstLineOf(err.Error()))
	line := doc.firstLine()
	if number, err := strconv.Atoi(match[1]); err == nil {
		line = doc.line + number - 1
	}
	reason := match[2]
	for _, quote := range []string{" `", "invalid map key: "} {
		if cut := strings.Index(reason, quote); cut >= 0 {
			reason = strings.TrimSpace(reason[:cut+len(quote)-1]) + " (not shown)"
		}
	}
	return invalid(line, "%s", reason)
}

func firstLineOf(text string) string {
	line, _, _ := strings.Cut(text, "\n")
	return line
}

// parseJSONStream reads one JSON value after another. Its error says that the text is not JSON throughout.
func parseJSONStream(text []byte) ([]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var values []any
	for {
		var value any
		switch err := decoder.Decode(&value); err {
		case nil:
			values = append(values, value)
		case io.EOF:
			return values, nil
		default:
			return nil, err
		}
	}
}

// jsonFault names the line of a syntax error and not the text there.
func jsonFault(text []byte, err error) *Fault {
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		upTo := min(int(syntax.Offset), len(text))
		return invalid(1+bytes.Count(text[:upTo], []byte("\n")), "%s", syntax.Error())
	}
	return invalid(1, "%s", err.Error())
}
