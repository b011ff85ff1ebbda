package main

import (
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// memory is a parent in memory: trees by mount, each a map of paths to texts. A text that begins with "-> " is a
// link, resolved as the parent does it; remotes are served when they are listed.
type memory struct {
	trees   map[string]map[string]string
	remotes map[string]Mounted
	apis    []string
	asked   []string
	outage  error
}

func newMemory(files map[string]string) *memory {
	return &memory{trees: map[string]map[string]string{"": files}, remotes: map[string]Mounted{}}
}

const linkMark = "-> "

// resolve follows links; ok is false when the path leads out.
func (s *memory) resolve(mount, name string) (resolved string, ok bool) {
	done := ""
	for hops, rest := 0, strings.Split(name, "/"); len(rest) > 0; rest = rest[1:] {
		done = path.Join(done, rest[0])
		target, isLink := strings.CutPrefix(s.trees[mount][done], linkMark)
		if !isLink {
			continue
		}
		to := path.Join(path.Dir(done), target)
		if hops++; hops > 40 || leavesRepository(to) || path.IsAbs(target) {
			return "", false
		}
		done, rest = "", append([]string{""}, append(strings.Split(to, "/"), rest[1:]...)...)
	}
	return done, true
}

func (s *memory) one(mount, name string) Content {
	real, ok := s.resolve(mount, name)
	if !ok {
		return Content{Fault: &Fault{Code: CodePathEscapes, Message: "a link leaves the repository", Path: name}}
	}
	at := map[bool]string{true: real}[real != name]
	if text, found := s.trees[mount][real]; found {
		return Content{Data: []byte(text), At: at}
	}
	for file := range s.trees[mount] {
		if real == "" || strings.HasPrefix(file, real+"/") {
			return Content{At: at, Fault: &Fault{Code: CodeNotAFile, Message: "a folder", Path: name}}
		}
	}
	return Content{Fault: &Fault{Code: CodePathMissing, Message: "no such file", Path: name}}
}

func (s *memory) Read(mount string, paths []string, maxBytes int) ([]Content, error) {
	if s.outage != nil {
		return nil, s.outage
	}
	contents := make([]Content, len(paths))
	for i, name := range paths {
		s.asked = append(s.asked, mount+":"+name)
		contents[i] = s.one(mount, path.Clean("/" + name)[1:])
		if maxBytes -= len(contents[i].Data); maxBytes < 0 {
			return nil, &Fault{Code: CodeTooLarge, Message: "the files read are too large together"}
		}
	}
	return contents, nil
}

func (s *memory) List(mount, folder string) ([]Entry, error) {
	found := map[string]string{}
	folder, ok := s.resolve(mount, folder)
	if !ok {
		return nil, &Fault{Code: CodePathEscapes, Message: "a link leaves the repository", Path: folder}
	}
	for name, text := range s.trees[mount] {
		if rest, inside := strings.CutPrefix("/"+name, strings.TrimSuffix("/"+folder, "/")+"/"); inside {
			base, _, deeper := strings.Cut(rest, "/")
			found[base] = map[bool]string{true: "dir", false: "file"}[deeper]
			if strings.HasPrefix(text, linkMark) && !deeper {
				found[base] = "symlink"
			}
		}
	}
	var entries []Entry
	for _, name := range slices.Sorted(maps.Keys(found)) {
		entries = append(entries, Entry{name, found[name]})
	}
	return entries, nil
}

func (s *memory) Fetch(remote Remote) (Mounted, error) {
	key := strings.Join([]string{remote.Kind, remote.URL, remote.Name, remote.Version}, " ")
	s.asked = append(s.asked, "fetch "+strings.TrimSpace(key))
	if mounted, allowed := s.remotes[strings.TrimSpace(key)]; allowed {
		return mounted, nil
	}
	return Mounted{}, &Fault{Code: CodeNotSupported, Message: "the project does not allow this source"}
}

// Glob knows "**" for any path and "*" for a part of a name.
func (s *memory) Glob(mount, pattern string) ([]string, error) {
	s.asked = append(s.asked, "glob "+pattern)
	words := strings.NewReplacer(`\*\*/`, "(?:[^/]+/)*", `\*\*`, ".*", `\*`, "[^/]*").Replace(regexp.QuoteMeta(pattern))
	matching := regexp.MustCompile("^" + words + "$")
	var paths []string
	for _, name := range slices.Sorted(maps.Keys(s.trees[mount])) {
		if matching.MatchString(name) {
			paths = append(paths, name)
		}
	}
	return paths, s.outage
}

func (s *memory) KubeVersion() (string, error) {
	s.asked = append(s.asked, "kube version")
	return "v1.36.3", s.outage
}

func (s *memory) HasAPI(name string) (bool, error) {
	s.asked = append(s.asked, "api "+name)
	return slices.Contains(s.apis, name), s.outage
}

func (s *memory) APIVersions() ([]string, error) {
	s.asked = append(s.asked, "apis")
	return s.apis, s.outage
}

func (s *memory) Unwrap([]WrappedKey) ([]byte, error) { panic("nothing is sealed") }

var _ Source = (*memory)(nil)

func TestTheTestsParentFollowsLinks(t *testing.T) {
	source := newMemory(map[string]string{"a/b/c": "text", "l": "-> a/b", "m": "-> l", "out": "-> ../x", "a/up": "-> ../l/c"})
	for name, want := range map[string]string{"l/c": "a/b/c", "m/c": "a/b/c", "a/up": "a/b/c", "a/b/c": ""} {
		if content := source.one("", name); string(content.Data) != "text" || content.At != want {
			t.Errorf("%s: %+v", name, content)
		}
	}
	if content := source.one("", "out"); content.Fault == nil || content.Fault.Code != CodePathEscapes {
		t.Errorf("%+v", content)
	}
}
