package main

import (
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/gobwas/glob"
)

// directoryParams is a directory source as Argo CD's `spec.source.directory` words it.
type directoryParams struct {
	Path          string          `json:"path"`
	Recurse       bool            `json:"recurse"`
	Include       string          `json:"include"`
	Exclude       string          `json:"exclude"`
	AllExtensions bool            `json:"disable_extension_filter"`
	Jsonnet       jsonnetParams   `json:"jsonnet"`
	SkipJsonnet   bool            `json:"skip_jsonnet"` // argocd-cm's jsonnet.enable is "false"
	Limits        directoryLimits `json:"limits"`
}

type directoryLimits struct {
	CombinedBytes int `json:"combined_bytes"`
	Files         int `json:"files"`
	Entries       int `json:"entries"`
	Depth         int `json:"depth"`
	OutputBytes   int `json:"output_bytes"`
	Manifests     int `json:"manifests"`
	PathBytes     int `json:"path_bytes"`
	Warnings      int `json:"warnings"`
}

// skipMarker anywhere in a file takes the whole file out.
const skipMarker = "+argocd:skip-file-rendering"

// renderDirectory gives the manifests of a folder: files in the order of a walk that sorts each folder, documents in
// the order of the file.
func renderDirectory(raw json.RawMessage, files Source) (*Answer, error) {
	var params directoryParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, fmt.Errorf("directory parameters: %w", err)
	}
	root := path.Clean(params.Path)
	if root == ".." || strings.HasPrefix(root, "../") || path.IsAbs(root) {
		return nil, &Fault{Code: CodePathEscapes, Message: "the path leaves the repository", Path: params.Path}
	}
	pick, err := newPicker(params)
	if err != nil {
		return nil, err
	}
	walk := walker{files: files, root: strings.TrimPrefix(root, "."), pick: pick, params: params}
	if err := walk.folder(""); err != nil {
		return nil, err
	}
	return readAll(files, &walk)
}

// picker decides which paths, relative to the application's folder, are read. Argo CD: the exclusion is tested first
// and wins; in both patterns "*" crosses "/".
type picker struct {
	include, exclude glob.Glob
	allExtensions    bool
}

func newPicker(params directoryParams) (picker, error) {
	include, err := compileGlob("include", params.Include)
	if err != nil {
		return picker{}, err
	}
	exclude, err := compileGlob("exclude", params.Exclude)
	return picker{include, exclude, params.AllExtensions}, err
}

// compileGlob refuses a pattern that does not compile: ignoring it would deploy what was to be left out, or prune all.
func compileGlob(field, pattern string) (compiled glob.Glob, err error) {
	if pattern == "" {
		return nil, nil
	}
	broken := &Fault{Code: CodeInvalid, Message: fmt.Sprintf("directory.%s %q is not a valid pattern", field, pattern)}
	defer func() {
		if recover() != nil { // the library's parser panics on some malformed patterns
			compiled, err = nil, broken
		}
	}()
	if compiled, err = glob.Compile(pattern); err != nil {
		return nil, broken
	}
	return compiled, nil
}

func (p picker) takes(relative string) bool {
	switch {
	case !p.allExtensions && !slices.Contains([]string{".yaml", ".yml", ".json", ".jsonnet"}, path.Ext(relative)):
		return false
	case p.exclude != nil && p.exclude.Match(relative):
		return false
	default:
		return p.include == nil || p.include.Match(relative)
	}
}

type candidate struct {
	path string
	link bool
}

// walker collects the candidates of a folder in filepath.Walk's order: names sorted per folder, subfolders in place.
type walker struct {
	files  Source
	root   string
	pick   picker
	params directoryParams

	seen  int
	found []candidate
}

func (w *walker) folder(relative string) error {
	entries, err := w.files.List("", path.Join(w.root, relative))
	if err != nil {
		return err
	}
	if w.seen += len(entries); w.seen > w.params.Limits.Entries {
		return w.tooMany("names in its folders", w.params.Limits.Entries)
	}
	slices.SortFunc(entries, func(a, b Entry) int { return compareStrings(a.Name, b.Name) })
	for _, entry := range entries {
		if err := w.entry(path.Join(relative, entry.Name), entry.Type); err != nil {
			return err
		}
	}
	return nil
}

func (w *walker) entry(relative, kind string) error {
	switch kind {
	case "dir":
		if w.params.Recurse {
			return w.folder(relative)
		}
	case "file", "symlink":
		if !w.pick.takes(relative) || w.params.SkipJsonnet && isJsonnet(relative) {
			return nil
		}
		return w.take(candidate{path.Join(w.root, relative), kind == "symlink"})
	}
	return nil
}

func (w *walker) take(file candidate) error {
	limits := w.params.Limits
	if len(file.path) > limits.PathBytes {
		return w.tooMany("bytes in the path of a manifest file", limits.PathBytes)
	}
	if w.found = append(w.found, file); len(w.found) > limits.Files {
		return w.tooMany("manifest files", limits.Files)
	}
	return nil
}

func (w *walker) tooMany(what string, limit int) error {
	return &Fault{Code: CodeTooLarge, Path: w.params.Path, Message: fmt.Sprintf("more than %d %s", limit, what)}
}

// readAll reads the files of a directory and takes them in their order. Argo CD: Jsonnet files do not count for the cap
// on a directory's manifests, because their size says nothing of what they yield.
func readAll(files Source, walk *walker) (*Answer, error) {
	collected := newCollector(walk.params.Limits)
	contents, err := readTogether(files, walk)
	if err != nil {
		return nil, err
	}
	evaluator, fault := newJsonnetEvaluator(files, walk.params.Jsonnet, walk.root, walk.params.Limits.CombinedBytes)
	if fault != nil {
		return nil, fault
	}
	collected.jsonnet = evaluator
	for i, content := range contents {
		if fault := collected.candidate(walk.found[i], content); fault != nil {
			if fault.Path == "" {
				fault.Path = walk.found[i].path
			}
			return nil, fault
		}
	}
	return collected.answer(), nil
}

// readTogether reads the files that were found, in two questions: those under the cap, and the Jsonnet files.
func readTogether(files Source, walk *walker) ([]Content, error) {
	contents := make([]Content, len(walk.found))
	for _, jsonnet := range []bool{false, true} {
		var paths []string
		var places []int
		for i, candidate := range walk.found {
			if isJsonnet(candidate.path) == jsonnet {
				paths, places = append(paths, candidate.path), append(places, i)
			}
		}
		if len(paths) == 0 {
			continue
		}
		read, err := files.Read("", paths, walk.params.Limits.CombinedBytes)
		if err != nil {
			return nil, err
		}
		for i, content := range read {
			contents[places[i]] = content
		}
	}
	return contents, nil
}

func isJsonnet(name string) bool { return strings.HasSuffix(name, ".jsonnet") }
