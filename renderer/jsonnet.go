package main

import (
	"fmt"
	"io"
	"path"
	"strings"

	"github.com/google/go-jsonnet"
)

// jsonnetParams is what Argo CD's `spec.source.directory.jsonnet` gives the Jsonnet files of a directory.
type jsonnetParams struct {
	ExtVars []jsonnetVar `json:"ext_vars"`
	TLAs    []jsonnetVar `json:"tlas"`
	Libs    []string     `json:"libs"` // folders in which imports are looked for, relative to the repository's root
}

type jsonnetVar struct {
	Name  string `json:"name"`
	Value string `json:"value"`
	Code  bool   `json:"code"`
}

// jsonnetEvaluator evaluates the Jsonnet files of one directory source; they share what they import.
type jsonnetEvaluator struct {
	params   jsonnetParams
	importer *jsonnetImporter
}

// newJsonnetEvaluator knows where imports are looked for: beside the file, then in the libraries, the last one first,
// then in the application's folder.
func newJsonnetEvaluator(source Source, params jsonnetParams, folder string, maxBytes int) (*jsonnetEvaluator, *Fault) {
	search := make([]string, 0, len(params.Libs)+1)
	for _, library := range params.Libs {
		place := path.Clean(strings.TrimLeft(library, "/"))
		if leavesRepository(place) {
			return nil, &Fault{Code: CodePathEscapes, Path: library, Message: "a Jsonnet library path leaves the repository"}
		}
		search = append([]string{place}, search...)
	}
	importer := &jsonnetImporter{source: source, search: append(search, folder), left: maxBytes, known: map[string]*jsonnet.Contents{}}
	return &jsonnetEvaluator{params, importer}, nil
}

// evaluate gives the objects of one file, whose text has been read: one object, or the items of an array.
func (e *jsonnetEvaluator) evaluate(file string, text []byte) ([]any, *Fault) {
	if fault := checkNesting(text); fault != nil {
		return nil, fault
	}
	contents := jsonnet.MakeContentsRaw(text)
	e.importer.known[file] = &contents
	output, err := e.machine().EvaluateFile(file)
	if e.importer.outage != nil {
		return nil, asFault(e.importer.outage)
	}
	if err != nil {
		return nil, jsonnetFault(err)
	}
	values, err := parseJSONStream([]byte(output))
	if err != nil || len(values) != 1 {
		return nil, invalid(0, "the Jsonnet output is not JSON")
	}
	if items, isArray := values[0].([]any); isArray {
		return items, nil
	}
	return values, nil
}

func (e *jsonnetEvaluator) machine() *jsonnet.VM {
	vm := jsonnet.MakeVM()
	vm.SetTraceOut(io.Discard)
	vm.ErrorFormatter.SetMaxStackTraceSize(traceLines)
	vm.Importer(e.importer)
	for _, variable := range e.params.TLAs {
		if variable.Code {
			vm.TLACode(variable.Name, variable.Value)
		} else {
			vm.TLAVar(variable.Name, variable.Value)
		}
	}
	for _, variable := range e.params.ExtVars {
		if variable.Code {
			vm.ExtCode(variable.Name, variable.Value)
		} else {
			vm.ExtVar(variable.Name, variable.Value)
		}
	}
	return vm
}

const traceLines = 5

// jsonnetFault keeps the library's words without the lines of code that it quotes; of its panics only that they happened, because they come with a stack.
func jsonnetFault(err error) *Fault {
	message := strings.TrimSpace(err.Error())
	if strings.HasPrefix(message, "(CRASH)") {
		return invalid(0, "the Jsonnet library failed on this file")
	}
	message, _, _ = strings.Cut(message, "\n\n")
	return invalid(0, "%s", strings.ReplaceAll(message, "\t", "  "))
}

// jsonnetImporter reads imports from the repository.
type jsonnetImporter struct {
	source Source
	search []string
	left   int                          // bytes that may still be read
	known  map[string]*jsonnet.Contents // nil: there is no such file
	outage error
}

// Import finds a file beside the one that imports it or along the search path.
func (i *jsonnetImporter) Import(importedFrom, importedPath string) (jsonnet.Contents, string, error) {
	escapes := path.IsAbs(importedPath)
	for _, folder := range append([]string{path.Dir(importedFrom)}, i.search...) {
		place := path.Join(folder, importedPath)
		if escapes = escapes || leavesRepository(place); path.IsAbs(importedPath) || leavesRepository(place) {
			continue
		}
		contents, err := i.read(place)
		if err != nil {
			return jsonnet.Contents{}, "", fmt.Errorf("import %q: %w", importedPath, err)
		}
		if contents != nil {
			return *contents, place, nil
		}
	}
	if escapes {
		return jsonnet.Contents{}, "", fmt.Errorf("import %q: the path leaves the repository", importedPath)
	}
	return jsonnet.Contents{}, "", fmt.Errorf("couldn't open import %q: no match locally or in the Jsonnet library paths", importedPath)
}

func (i *jsonnetImporter) read(place string) (*jsonnet.Contents, error) {
	if contents, known := i.known[place]; known {
		return contents, nil
	}
	files, err := i.source.Read("", []string{place}, i.left)
	if err != nil {
		i.outage = err
		return nil, err
	}
	fault := files[0].Fault
	switch {
	case fault == nil:
		if fault := checkNesting(files[0].Data); fault != nil {
			return nil, fault
		}
		i.left -= len(files[0].Data)
		contents := jsonnet.MakeContentsRaw(files[0].Data)
		i.known[place] = &contents
	case fault.Code == CodePathMissing:
		i.known[place] = nil
	default:
		return nil, fault
	}
	return i.known[place], nil
}

// deepestBrackets is a tenth of what the library's parser stands; it takes 20 KiB of stack for each.
const deepestBrackets = 300

// checkNesting refuses text that would end the process. It counts brackets wherever they stand: in texts and comments
// they are hardly ever that unbalanced.
func checkNesting(text []byte) *Fault {
	depth, line := 0, 1
	for _, c := range text {
		switch c {
		case '\n':
			line++
		case '(', '[', '{':
			if depth++; depth > deepestBrackets {
				return invalid(line, "brackets nested deeper than %d levels", deepestBrackets)
			}
		case ')', ']', '}':
			depth = max(depth-1, 0)
		}
	}
	return nil
}

func leavesRepository(clean string) bool {
	return clean == ".." || strings.HasPrefix(clean, "../") || path.IsAbs(clean)
}
