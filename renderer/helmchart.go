package main

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"os"
	"path"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/loader/archive"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/ignore"
)

// chartLoader loads charts from files that are asked for. What all charts of one rendering hold together is capped.
type chartLoader struct {
	source Source
	limits directoryLimits
	left   int // bytes
	most   int
	seen   int // names

	files map[string]bool // of the chart first loaded, by their paths in it
}

// load gives the chart of a folder, with the dependencies that lie in its charts/ folder.
func (l *chartLoader) load(at Mounted) (*chart.Chart, error) {
	files, err := l.filesOf(at)
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(files, func(file *archive.BufferedFile) bool { return file.Name == "Chart.yaml" }) {
		return nil, &Fault{Code: CodePathMissing, Message: "there is no Chart.yaml, so this is no Helm chart", Path: at.Path}
	}
	if l.files == nil {
		l.files = map[string]bool{}
		for _, file := range files {
			l.files[file.Name] = true
		}
	}
	if files, err = l.unpacked(files); err != nil {
		return nil, err
	}
	loaded, err := loader.LoadFiles(files)
	if err != nil {
		return nil, &Fault{Code: CodeInvalid, Message: concealed(err.Error()), Path: at.Path}
	}
	if version := loaded.Metadata.APIVersion; version != chart.APIVersionV1 && version != chart.APIVersionV2 {
		return nil, &Fault{Code: CodeInvalid, Message: "unsupported chart version " + version, Path: path.Join(at.Path, "Chart.yaml")}
	}
	sortDependencies(loaded)
	return loaded, nil
}

// sortDependencies undoes the chance by which Helm orders what lies in charts/.
func sortDependencies(loaded *chart.Chart) {
	dependencies := slices.Clone(loaded.Dependencies())
	slices.SortStableFunc(dependencies, func(a, b *chart.Chart) int {
		return cmp.Or(cmp.Compare(a.Name(), b.Name()), cmp.Compare(a.Metadata.Version, b.Metadata.Version))
	})
	loaded.SetDependencies(dependencies...)
	for _, dependency := range dependencies {
		sortDependencies(dependency)
	}
}

// filesOf reads a chart's folder as Helm does: in the order of a walk, through links, without what .helmignore names.
func (l *chartLoader) filesOf(at Mounted) ([]*archive.BufferedFile, error) {
	names, err := l.names(at)
	if err != nil {
		return nil, err
	}
	rules, err := l.rules(at, names)
	if err != nil {
		return nil, err
	}
	var files []*archive.BufferedFile
	for pending := names; len(pending) > 0; {
		pending = slices.DeleteFunc(pending, rules.leaveOut)
		contents, err := l.read(at, pending)
		if err != nil {
			return nil, err
		}
		var below []string
		for i, content := range contents {
			switch {
			case content.Fault == nil:
				data := bytes.TrimPrefix(content.Data, []byte{0xEF, 0xBB, 0xBF})
				files = append(files, &archive.BufferedFile{Name: pending[i], Data: data})
			case content.Fault.Code == CodeNotAFile: // a link to a folder
				found, err := l.walk(at, pending[i])
				if err != nil {
					return nil, err
				}
				below = append(below, found...)
			default:
				return nil, content.Fault
			}
		}
		pending = below
	}
	slices.SortFunc(files, func(a, b *archive.BufferedFile) int { return compareWalked(a.Name, b.Name) })
	return files, nil
}

// compareWalked orders paths as a walk does that sorts the names of each folder.
func compareWalked(a, b string) int {
	return strings.Compare(strings.ReplaceAll(a, "/", "\x00"), strings.ReplaceAll(b, "/", "\x00"))
}

func (l *chartLoader) read(at Mounted, names []string) ([]Content, error) {
	if len(names) == 0 {
		return nil, nil
	}
	paths := make([]string, len(names))
	for i, name := range names {
		paths[i] = path.Join(at.Path, name)
	}
	contents, err := l.source.Read(at.Mount, paths, l.left)
	for _, content := range contents {
		l.left -= len(content.Data)
	}
	return contents, err
}

// names lists a chart's files by one pattern, so that the whole folder counts as read.
func (l *chartLoader) names(at Mounted) ([]string, error) {
	if strings.ContainsAny(at.Path, "*?[") {
		return l.walk(at, "")
	}
	paths, err := l.source.Glob(at.Mount, path.Join(at.Path, "**"))
	if err != nil {
		return nil, err
	}
	names := make([]string, len(paths))
	for i, found := range paths {
		names[i] = strings.TrimPrefix(strings.TrimPrefix(found, at.Path), "/")
	}
	return names, l.count(len(names), at.Path)
}

// walk lists the files below a folder of the chart, links to files and folders among them.
func (l *chartLoader) walk(at Mounted, folder string) ([]string, error) {
	if len(folder) > l.limits.PathBytes {
		return nil, &Fault{Code: CodeTooLarge, Path: at.Path, Message: "links lead in a circle, or folders too deep"}
	}
	entries, err := l.source.List(at.Mount, path.Join(at.Path, folder))
	if err != nil {
		return nil, err
	}
	if err := l.count(len(entries), at.Path); err != nil {
		return nil, err
	}
	var names []string
	for _, entry := range entries {
		name := path.Join(folder, entry.Name)
		if entry.Type != "dir" {
			names = append(names, name)
			continue
		}
		below, err := l.walk(at, name)
		if err != nil {
			return nil, err
		}
		names = append(names, below...)
	}
	return names, nil
}

func (l *chartLoader) count(more int, folder string) error {
	if l.seen += more; l.seen > l.limits.Files {
		return &Fault{Code: CodeTooLarge, Path: folder, Message: fmt.Sprintf("more than %d files in the chart", l.limits.Files)}
	}
	return nil
}

// ignoreRules are a chart's .helmignore.
type ignoreRules struct {
	rules   *ignore.Rules
	folders map[string]bool // what was found of them
}

func (l *chartLoader) rules(at Mounted, names []string) (ignoreRules, error) {
	rules := ignore.Empty()
	if slices.Contains(names, ignore.HelmIgnore) {
		contents, err := l.read(at, []string{ignore.HelmIgnore})
		if err != nil {
			return ignoreRules{}, err
		}
		if contents[0].Fault != nil {
			return ignoreRules{}, contents[0].Fault
		}
		if rules, err = ignore.Parse(bytes.NewReader(contents[0].Data)); err != nil {
			return ignoreRules{}, &Fault{Code: CodeInvalid, Path: path.Join(at.Path, ignore.HelmIgnore), Message: err.Error()}
		}
	}
	rules.AddDefaults()
	return ignoreRules{rules, map[string]bool{}}, nil
}

// leaveOut tells whether a file, or a folder above it, is ignored.
func (r ignoreRules) leaveOut(name string) bool {
	return r.leavesOutFolder(path.Dir(name)) || r.rules.Ignore(name, fileKind{})
}

func (r ignoreRules) leavesOutFolder(folder string) bool {
	if folder == "." {
		return false
	}
	ignored, known := r.folders[folder]
	if !known {
		ignored = r.leavesOutFolder(path.Dir(folder)) || r.rules.Ignore(folder, fileKind{isDir: true})
		r.folders[folder] = ignored
	}
	return ignored
}

// fileKind is as much of a file's information as rules ask for.
type fileKind struct {
	os.FileInfo
	isDir bool
}

// IsDir tells whether it is a folder.
func (k fileKind) IsDir() bool { return k.isDir }

// unpacked puts the files of the archives in charts/ in their place, archives in archives too, within the budget.
func (l *chartLoader) unpacked(files []*archive.BufferedFile) ([]*archive.BufferedFile, error) {
	var all []*archive.BufferedFile
	for pending := files; len(pending) > 0; {
		file := pending[0]
		pending = pending[1:]
		folder, isArchive := archivedChart(file.Name)
		if !isArchive {
			all = append(all, file)
			continue
		}
		inside, err := l.unpack(file)
		if err != nil {
			return nil, err
		}
		for _, member := range inside {
			member.Name = folder + "/" + member.Name
		}
		pending = append(inside, pending...)
	}
	return all, nil
}

// archivedChart tells which files Helm takes for packed dependencies, and names a folder to unpack each in.
func archivedChart(name string) (folder string, isArchive bool) {
	parts := strings.Split(name, "/")
	for i, part := range parts {
		if i%2 == 0 && part != "charts" || i%2 == 1 && strings.IndexAny(part, "_.") == 0 {
			return "", false
		}
	}
	stem, isArchive := strings.CutSuffix(name, ".tgz")
	return stem + "~tgz", isArchive && len(parts)%2 == 0
}

func (l *chartLoader) unpack(packed *archive.BufferedFile) ([]*archive.BufferedFile, error) {
	if err := l.measure(packed); err != nil {
		return nil, err
	}
	archive.MaxDecompressedChartSize = int64(l.left) + 1
	inside, err := archive.LoadArchiveFiles(bytes.NewReader(packed.Data))
	if err != nil {
		return nil, l.archiveFault(packed, err)
	}
	for _, file := range inside {
		l.left -= len(file.Data)
	}
	return inside, l.count(len(inside), packed.Name)
}

// bytesPerName is what a file costs an archive beside its content: Helm counts the content only.
const bytesPerName = 2048

var errTooLarge = errors.New("it unpacks to too much")

// measure unpacks an archive to nowhere.
func (l *chartLoader) measure(packed *archive.BufferedFile) error {
	unzipped, err := newGzipReader(packed.Data)
	if err != nil {
		return l.archiveFault(packed, err)
	}
	most := int64(l.left) + int64(l.limits.Files)*bytesPerName
	switch count, err := io.CopyN(io.Discard, unzipped, most+1); {
	case count > most:
		return l.archiveFault(packed, errTooLarge)
	case err != nil && err != io.EOF:
		return l.archiveFault(packed, err)
	}
	return nil
}

func (l *chartLoader) archiveFault(packed *archive.BufferedFile, err error) *Fault {
	if errors.Is(err, errTooLarge) || strings.Contains(err.Error(), "larger than the maximum size") {
		return &Fault{Code: CodeTooLarge, Path: packed.Name, Message: fmt.Sprintf("the chart and its archives are larger than %d bytes together", l.most)}
	}
	return &Fault{Code: CodeInvalid, Path: packed.Name, Message: "the archive does not read as a chart: " + concealed(err.Error())}
}
