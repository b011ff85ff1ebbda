package main

import (
	"errors"
	"fmt"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/filesys"
)

// buildFiles is the file system that kustomize sees: the repository below one folder, each fetched tree below another,
// and files that we wrote ourselves over both. Nothing else exists, and what kustomize writes is refused.
//
// Folders are learnt by asking for what is named in them, not by listing them: an application then depends on the files
// that it reads and on nothing that lies beside them.
type buildFiles struct {
	source Source
	limits directoryLimits
	trees  []mountedTree
	known  map[string]node
	left   int // bytes that may still be read

	// taken gets each file that is read for the library and gives what the library is to see.
	taken func(path string, data []byte) ([]byte, error)
	// outage is what the parent could not serve; a build that went on without it proves nothing.
	outage error
}

// mountedTree is one tree of the parent and the folder at which kustomize sees it.
type mountedTree struct {
	mount, folder string
	shown         string // what error messages say instead of the folder
}

type node struct {
	kind nodeKind
	data []byte
	at   string // the path behind links
	why  *Fault // why a missing one is missing
}

type nodeKind int

const (
	missing nodeKind = iota
	folder
	file
)

// longestPath is Linux' limit; the texts of inline patches, which kustomize tries as paths, are often longer.
const longestPath = 4096

func newBuildFiles(source Source, limits directoryLimits, unguessable string) *buildFiles {
	files := &buildFiles{
		source: source, limits: limits, left: limits.CombinedBytes, known: map[string]node{},
		taken: func(_ string, data []byte) ([]byte, error) { return data, nil },
	}
	files.mountAt(mountedTree{"", "/" + unguessable, ""})
	return files
}

func (f *buildFiles) mountAt(tree mountedTree) {
	f.trees = append(f.trees, tree)
	f.known[tree.folder] = node{kind: folder, at: tree.folder}
}

// mounted gives the folder at which a tree of the parent is seen, and shows it there when it is new.
func (f *buildFiles) mounted(mount, shown string) string {
	for _, tree := range f.trees {
		if tree.mount == mount {
			return tree.folder
		}
	}
	tree := mountedTree{mount, fmt.Sprintf("%s-%d", f.trees[0].folder, len(f.trees)), shown}
	f.mountAt(tree)
	return tree.folder
}

// write puts a file of ours over whatever the parent has at that path.
func (f *buildFiles) write(name string, data []byte) {
	f.known[name] = node{kind: file, data: data, at: name}
	for dir := path.Dir(name); dir != "/"; dir = path.Dir(dir) {
		f.known[dir] = node{kind: folder, at: dir}
	}
}

// root is the folder at which the repository is seen.
func (f *buildFiles) root() string { return f.trees[0].folder }

// tree tells in which tree a clean path lies, and where in it.
func (f *buildFiles) tree(name string) (tree mountedTree, inside string, ok bool) {
	for _, tree := range f.trees {
		if rest, below := strings.CutPrefix(name, tree.folder); below && (rest == "" || rest[0] == '/') {
			return tree, strings.TrimPrefix(rest, "/"), true
		}
	}
	return mountedTree{}, "", false
}

func (f *buildFiles) find(name string) node {
	if _, known := f.known[name]; !known {
		f.load(name)
	}
	return f.known[name]
}

// load asks for files, of each tree in one go, so that a later find knows them. With a folder come its kustomizations.
func (f *buildFiles) load(names ...string) {
	asked := map[string][]string{}
	for _, name := range names {
		for _, name := range withKustomizations(name) {
			tree, inside, ok := f.tree(name)
			switch _, known := f.known[name]; {
			case known:
			case !ok || len(name) > longestPath || strings.ContainsAny(name, "\n\x00"):
				f.known[name] = node{}
			default:
				f.known[name] = node{}
				asked[tree.folder] = append(asked[tree.folder], inside)
			}
		}
	}
	for _, tree := range f.trees {
		if paths := asked[tree.folder]; len(paths) > 0 {
			f.ask(tree, paths)
		}
	}
}

func withKustomizations(name string) []string {
	if slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(name)) || slices.Contains(kustomizationNames, path.Base(name)) {
		return []string{name}
	}
	names := []string{name}
	for _, base := range kustomizationNames {
		names = append(names, path.Join(name, base))
	}
	return names
}

func (f *buildFiles) ask(tree mountedTree, paths []string) {
	if len(f.known) > f.limits.Files {
		f.fail(&Fault{Code: CodeTooLarge, Message: fmt.Sprintf("the build looks for more than %d files", f.limits.Files)})
		return
	}
	contents, err := f.source.Read(tree.mount, paths, f.left)
	if err != nil {
		f.fail(err)
		return
	}
	for i, content := range contents {
		f.learn(tree, paths[i], content)
	}
}

func (f *buildFiles) learn(tree mountedTree, inside string, content Content) {
	name := path.Join(tree.folder, inside)
	found := node{kind: file, data: content.Data, at: name}
	if content.At != "" {
		found.at = path.Join(tree.folder, content.At)
	}
	if fault := content.Fault; fault != nil {
		switch fault.Code {
		case CodeNotAFile:
			found.kind = folder
		case CodePathMissing, CodePathEscapes:
			found.kind, found.why = missing, fault
		default:
			f.fail(fault)
			found.kind = missing
		}
	}
	f.left -= len(content.Data)
	f.known[name] = found
	if known, twice := f.known[found.at]; !twice || known.kind == missing {
		f.known[found.at] = found
	}
}

func (f *buildFiles) fail(err error) {
	if f.outage == nil {
		f.outage = err
	}
}

// absent words an error as the operating system would, or says that the path leads out of the repository.
func (f *buildFiles) absent(act, name string) error {
	why := f.known[name].why
	if _, _, inside := f.tree(name); !inside || why != nil && why.Code == CodePathEscapes {
		return fmt.Errorf("%s %s: the path leads out of the repository", act, name)
	}
	return fmt.Errorf("%s %s: %w", act, name, errNotThere)
}

var errNotThere = errors.New("no such file or directory")

// ReadFile gives a file's content.
func (f *buildFiles) ReadFile(name string) ([]byte, error) {
	name = path.Clean(name)
	switch found := f.find(name); found.kind {
	case file:
		return f.taken(found.at, found.data)
	case folder:
		return nil, fmt.Errorf("read %s: is a directory", name)
	default:
		return nil, f.absent("open", name)
	}
}

// CleanedAbs splits a path, links followed, into its folder and the file there.
func (f *buildFiles) CleanedAbs(name string) (filesys.ConfirmedDir, string, error) {
	clean := path.Clean(name)
	switch found := f.find(clean); found.kind {
	case file:
		return filesys.ConfirmedDir(path.Dir(found.at)), path.Base(found.at), nil
	case folder:
		return filesys.ConfirmedDir(found.at), "", nil
	default:
		return "", "", fmt.Errorf("evalsymlink failure on '%s' : %w", name, f.absent("lstat", clean))
	}
}

// IsDir tells whether there is a folder.
func (f *buildFiles) IsDir(name string) bool { return f.find(path.Clean(name)).kind == folder }

// Exists tells whether there is anything.
func (f *buildFiles) Exists(name string) bool { return f.find(path.Clean(name)).kind != missing }

// ReadDir gives the names in a folder.
func (f *buildFiles) ReadDir(name string) ([]string, error) {
	entries, err := f.entries(name)
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name
	}
	slices.Sort(names)
	return names, err
}

func (f *buildFiles) entries(name string) ([]Entry, error) {
	tree, inside, ok := f.tree(path.Clean(name))
	if !ok {
		return nil, f.absent("open", name)
	}
	return f.source.List(tree.mount, inside)
}

// Glob gives what matches a pattern, folders too, in the manner of path/filepath.
func (f *buildFiles) Glob(pattern string) ([]string, error) {
	if _, err := path.Match(pattern, ""); err != nil {
		return nil, err
	}
	if !strings.ContainsAny(pattern, `*?[\`) {
		if f.Exists(pattern) {
			return []string{pattern}, nil
		}
		return nil, nil
	}
	folders, err := f.Glob(path.Dir(pattern))
	if err != nil {
		return nil, err
	}
	var found []string
	for _, folder := range folders {
		names, _ := f.ReadDir(folder) // what cannot be listed has no matches, as in path/filepath
		for _, name := range names {
			if matches, _ := path.Match(path.Base(pattern), name); matches {
				found = append(found, path.Join(folder, name))
			}
		}
	}
	return found, nil
}

var errReadOnly = errors.New("the files of a build are read-only")

// Open is not used by builds.
func (f *buildFiles) Open(string) (filesys.File, error) { return nil, errReadOnly }

// Create is refused.
func (f *buildFiles) Create(string) (filesys.File, error) { return nil, errReadOnly }

// Mkdir is refused.
func (f *buildFiles) Mkdir(string) error { return errReadOnly }

// MkdirAll is refused.
func (f *buildFiles) MkdirAll(string) error { return errReadOnly }

// RemoveAll is refused.
func (f *buildFiles) RemoveAll(string) error { return errReadOnly }

// WriteFile is refused.
func (f *buildFiles) WriteFile(string, []byte) error { return errReadOnly }

// Walk is not used by builds.
func (f *buildFiles) Walk(string, filepath.WalkFunc) error { return errReadOnly }

var _ filesys.FileSystem = (*buildFiles)(nil)
