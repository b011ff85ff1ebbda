package main

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

var testLimits = directoryLimits{
	CombinedBytes: 10_000_000, Files: 1000, Entries: 1000, Depth: 200, OutputBytes: 1 << 20, Manifests: 1000,
	PathBytes: 100, Warnings: 10,
}

func cm(name string) string {
	return "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: " + name + "}\n"
}

func TestDirectoriesReadAsArgoCDReadsThem(t *testing.T) {
	tree := map[string]string{
		"app/b.yaml": cm("b"), "app/a.yml": cm("a1") + "---\n" + cm("a2"), "app/notes.txt": "x", "app/values.yaml": "replicas: 3\n",
		"app/c.json":      `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}`,
		"app/b/deep.yaml": cm("deep"), "app/b/d/deeper.yaml": cm("deeper"), "other/x.yaml": cm("other"),
		"app/skip.yaml": "# +argocd:skip-file-rendering\napiVersion: v1\nkind: [\nmetadata: x\n",
	}
	for name, row := range map[string]struct {
		params directoryParams
		want   string
	}{
		"only the folder itself":              {directoryParams{}, "a1 a2 b c"},
		"subfolders in their place":           {directoryParams{Recurse: true}, "a1 a2 deeper deep b c"},
		"a star crosses folders":              {directoryParams{Recurse: true, Include: "*deep*"}, "deeper deep"},
		"a star crosses folders to the end":   {directoryParams{Recurse: true, Exclude: "b/*"}, "a1 a2 b c"},
		"alternatives":                        {directoryParams{Recurse: true, Include: "{a.yml,b/*}"}, "a1 a2 deeper deep"},
		"the exclusion wins":                  {directoryParams{Include: "*.yaml", Exclude: "b.yaml"}, ""},
		"alternatives in an exclusion":        {directoryParams{Exclude: "{a.yml,*.json}"}, "b"},
		"a question mark is one character":    {directoryParams{Include: "?.yaml"}, "b"},
		"a class of characters":               {directoryParams{Include: "[a-b].y*ml"}, "a1 a2 b"},
		"an inclusion cannot add a file type": {directoryParams{Include: "notes.txt"}, ""},
	} {
		row.params.Path, row.params.Limits = "app", testLimits
		if got := names(t, mustRender(t, tree, row.params)); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
	}
}

func TestAFileIsFoundAtTheRepositorysRoot(t *testing.T) {
	for _, root := range []string{"", ".", "./"} {
		answer := mustRender(t, map[string]string{"a.yaml": cm("a")}, directoryParams{Path: root, Limits: testLimits})
		if got := names(t, answer); got != "a" {
			t.Errorf("%q: %q", root, got)
		}
		if answer.Origins[0].Path != "a.yaml" {
			t.Errorf("%q: origin %q", root, answer.Origins[0].Path)
		}
	}
}

func TestFaultsNameFileAndLine(t *testing.T) {
	for name, row := range map[string]struct {
		file, text, want string
		line             int
	}{
		"a broken second document":       {"a.yaml", cm("a") + "---\n# c\nkind: [\n", "did not find expected node content", 6},
		"a tab as indentation":           {"a.yaml", "apiVersion: v1\nkind: A\nmetadata:\n\tname: a\n", "found character that cannot start any token", 4},
		"a manifest that does not parse": {"a.yaml", "apiVersion: v1\nkind: A\nmetadata: {\n", "did not find expected node content", 3},
		"a manifest without kind":        {"a.yaml", "# kind:\n\napiVersion: v1\nmetadata: {}\n", "kind is missing", 3},
		"an object without apiVersion":   {"a.yaml", "kind: A\n", "apiVersion is missing", 1},
		"words after the dashes":         {"a.yaml", cm("a") + "--- {}\n", "only a comment may follow --- on its line", 4},
		"two objects in one JSON file":   {"a.json", `{"apiVersion":"v1","kind":"A"}{}`, "a JSON file holds exactly one object, this one has 2", 1},
		"an empty JSON file":             {"a.json", "", "a JSON file holds exactly one object, this one has 0", 1},
		"a JSON file that is no object":  {"a.json", "[]", "not an object", 1},
		"a JSON file of something else":  {"a.json", `{"name":"x"}`, "kind is missing", 1},
		"broken JSON":                    {"a.json", "{\n\"a\": x}", "invalid character 'x' looking for beginning of value", 2},
		"an item that is no object":      {"a.yaml", "apiVersion: v1\nkind: List\nitems: [1]\n", "items[0] is not an object", 1},
		"an item without kind":           {"a.yaml", "apiVersion: v1\nkind: List\nitems: [{apiVersion: v1}]\n", "items[0]: kind is missing", 1},
		"a list in a list":               {"a.yaml", "apiVersion: v1\nkind: List\nitems: [{kind: List, items: []}]\n", "items[0] is itself a list", 1},
		"a null key":                     {"a.yaml", cm("a") + "data: {~: x}\n", "a key is null", 1},
		"a map as a key":                 {"a.yaml", cm("a") + "data: {{secret: x}: y}\n", "invalid map key: (not shown)", 1},
		"a value that is not its tag":    {"a.yaml", cm("a") + "data: {a: !!int hunter2}\n", "cannot decode !!str (not shown)", 1},
		"keys that become one":           {"a.yaml", cm("a") + "data: {1: a, 1.0: b}\n", `two keys read as "1"`, 1},
		"infinity":                       {"a.yaml", cm("a") + "v: .inf\n", "a number is infinite or not a number", 1},
		"too deep for us":                {"a.yaml", cm("a") + "v: " + strings.Repeat("[", 300) + strings.Repeat("]", 300), "nested deeper than 200 levels", 1},
		"too deep for the parser":        {"a.yaml", cm("a") + "v: " + strings.Repeat("[", 100_000), "exceeded max depth of 10000", 4},
		"a bomb of aliases":              {"a.yaml", cm("a") + bomb(9), "document contains excessive aliasing", 1},
		"text multiplied by aliases":     {"a.yaml", cm("a") + "v: [&x " + strings.Repeat("y", 20_000) + strings.Repeat(", *x", 1000) + "]\n", "the manifests are larger than 1048576 bytes together", 1},
		"an alias of itself":             {"a.yaml", cm("a") + "v: &x [*x]\n", "anchor 'x' value contains itself", 1},
	} {
		_, err := render1(t, map[string]string{"app/" + row.file: row.text}, directoryParams{Path: "app", Limits: testLimits})
		fault := asFault(err)
		if err == nil || fault.Message != row.want || fault.Line != row.line || fault.Path != "app/"+row.file {
			t.Errorf("%s: %q at line %d of %s, want %q at line %d", name, fault.Message, fault.Line, fault.Path, row.want, row.line)
		}
	}
}

func TestWhatIsNoManifestIsPassedOverWithAWarning(t *testing.T) {
	for name, row := range map[string]struct{ text, want, warning string }{
		"values":                          {"replicas: 3\n", "", "file-ignored"},
		"broken text":                     {"a: [\n", "", "file-ignored"},
		"a list":                          {"- a\n", "", "file-ignored"},
		"nothing":                         {"", "", ""},
		"comments":                        {"# a\n---\n# b\n", "", ""},
		"null documents":                  {"---\nnull\n--- # c\n~\n---#x\n" + cm("a"), "a", ""},
		"null items":                      {"apiVersion: v1\nkind: ConfigMapList\nitems: null\n", "", ""},
		"a null item":                     {"apiVersion: v1\nkind: List\nitems: [null, {apiVersion: v1, kind: A, metadata: {name: a}}]\n", "a", ""},
		"items named by their list":       {"apiVersion: v1\nkind: ConfigMapList\nitems: [{metadata: {name: a}}]\n", "a", ""},
		"a key given twice":               {cm("a") + "metadata: {name: b}\n", "b", "duplicate-key"},
		"a merge that overrides":          {cm("a") + "x: &x {k: 1}\ny: {k: 2, <<: *x}\n", "a", ""},
		"bytes that are no text":          {cm("a") + "v: \"\xff\"\n", "a", "not-utf8"},
		"text after the end":              {cm("a") + "...\nmore: [\n", "a", "text-ignored"},
		"a byte order mark":               {"\xef\xbb\xbf" + cm("a"), "a", ""},
		"UTF-16":                          {"\xff\xfe" + utf16le(cm("a")), "a", ""},
		"Windows line ends":               {strings.ReplaceAll(cm("a")+"---\n"+cm("b"), "\n", "\r\n"), "a b", ""},
		"JSON in a YAML file":             {`{"apiVersion":"v1","kind":"A",` + "\t" + `"metadata":{"name":"a"}}`, "a", ""},
		"two JSON objects and a document": {`{"apiVersion":"v1","kind":"A","metadata":{"name":"a"}}{"apiVersion":"v1","kind":"A","metadata":{"name":"b"}}` + "\n---\n" + cm("c"), "a b c", ""},
		"flow style":                      {"{apiVersion: v1, kind: A, metadata: {name: a}}", "a", ""},
	} {
		answer := mustRender(t, map[string]string{"a.yaml": row.text}, directoryParams{Limits: testLimits})
		if got := names(t, answer); got != row.want {
			t.Errorf("%s: %q, want %q", name, got, row.want)
		}
		codes := make([]string, 0)
		for _, warning := range answer.Warnings {
			codes = append(codes, warning.Code)
		}
		if got := strings.Join(codes, " "); got != row.warning {
			t.Errorf("%s: warnings %q, want %q", name, got, row.warning)
		}
	}
}

func TestALiteralKeepsItsLastLineEndBeforeASeparator(t *testing.T) {
	answer := mustRender(t, map[string]string{"a.yaml": cm("a") + "v: |\n  x\n---\n" + cm("b")}, directoryParams{Limits: testLimits})
	if !strings.Contains(string(answer.Manifests), `"v":"x\n"`) {
		t.Errorf("%s", answer.Manifests)
	}
}

func TestCapsEndARequest(t *testing.T) {
	tree := map[string]string{"aa.yaml": cm("a") + "---\n" + cm("b"), "bb.yaml": cm("c"), "c.txt": ""}
	for name, change := range map[string]func(*directoryLimits){
		"more than 1 manifest files":       func(l *directoryLimits) { l.Files = 1 },
		"more than 2 names in its folders": func(l *directoryLimits) { l.Entries = 2 },
		"more than 2 manifests":            func(l *directoryLimits) { l.Manifests = 2 },
		"more than 5 bytes in the path":    func(l *directoryLimits) { l.PathBytes = 5 },
		"larger than 100 bytes together":   func(l *directoryLimits) { l.CombinedBytes = 100 },
	} {
		limits := testLimits
		change(&limits)
		_, err := render1(t, tree, directoryParams{Limits: limits})
		if fault := asFault(err); err == nil || fault.Code != CodeTooLarge || !strings.Contains(fault.Message, name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestWarningsAreCutAtTheirCap(t *testing.T) {
	answer := mustRender(t, map[string]string{"a.yaml": cm("a") + strings.Repeat("x: y\n", 1000)}, directoryParams{Limits: testLimits})
	if last := answer.Warnings[len(answer.Warnings)-1]; len(answer.Warnings) != 10 || last.Code != "more-warnings" {
		t.Errorf("%d warnings, the last %+v", len(answer.Warnings), last)
	}
}

func TestPatternsAndPathsThatCannotBeHonouredAreFaults(t *testing.T) {
	for _, params := range []directoryParams{
		{Include: "[a"}, {Exclude: "[a"}, {Path: "../x"}, {Path: "a/../../x"}, {Path: "/etc"}, {Path: "absent"},
	} {
		params.Limits = testLimits
		if answer, err := render1(t, map[string]string{"a.yaml": cm("a")}, params); err == nil {
			t.Errorf("%+v: %s", params, answer.Manifests)
		}
	}
}

func TestLinksAreReadIgnoredOrRefused(t *testing.T) {
	for _, row := range []struct{ code, warning string }{
		{CodePathMissing, "link-ignored"}, {CodeNotAFile, "link-ignored"}, {CodePathEscapes, ""},
	} {
		collected := newCollector(testLimits)
		fault := collected.candidate(candidate{"l.yaml", true}, Content{Fault: &Fault{Code: row.code}})
		if row.warning == "" && fault == nil || row.warning != "" && (fault != nil || collected.warnings[0].Code != row.warning) {
			t.Errorf("%s: %v %v", row.code, fault, collected.warnings)
		}
	}
}

func bomb(levels int) string {
	text := "a0: &a0 [x, x, x, x, x, x, x, x, x]\n"
	for i := 1; i <= levels; i++ {
		before := "*a" + string(rune('0'+i-1))
		text += "a" + string(rune('0'+i)) + ": &a" + string(rune('0'+i)) + " [" + strings.Repeat(before+", ", 8) + before + "]\n"
	}
	return text
}

func utf16le(text string) string {
	var out []byte
	for _, c := range text {
		out = binary.LittleEndian.AppendUint16(out, uint16(c))
	}
	return string(out)
}

func names(t *testing.T, answer *Answer) string {
	var objects []struct{ Metadata struct{ Name string } }
	if err := json.Unmarshal(answer.Manifests, &objects); err != nil {
		t.Fatalf("%s: %v", answer.Manifests, err)
	}
	all := make([]string, len(objects))
	for i, object := range objects {
		all[i] = object.Metadata.Name
	}
	if len(all) != len(answer.Origins) {
		t.Errorf("%d objects, %d origins", len(all), len(answer.Origins))
	}
	return strings.Join(all, " ")
}

func mustRender(t *testing.T, tree map[string]string, params directoryParams) *Answer {
	answer, err := render1(t, tree, params)
	if err != nil {
		t.Fatalf("%+v: %v", params, err)
	}
	return answer
}

// render1 renders over real pipes; a goroutine plays the parent and serves tree.
func render1(t *testing.T, tree map[string]string, params directoryParams) (*Answer, error) {
	child, parent := pipes(t)
	go serveTree(parent, tree)
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	return renderDirectory(raw, &Files{conn: child})
}

func pipes(t *testing.T) (child, parent *Conn) {
	down, downW, err1 := os.Pipe()
	up, upW, err2 := os.Pipe()
	if err1 != nil || err2 != nil {
		t.Fatal(err1, err2)
	}
	ends := []*os.File{down, downW, up, upW}
	t.Cleanup(func() {
		for _, end := range []*os.File{downW, upW, down, up} {
			end.Close()
		}
	})
	return &Conn{in: int(ends[0].Fd()), out: int(ends[3].Fd())}, &Conn{in: int(ends[2].Fd()), out: int(ends[1].Fd())}
}

func serveTree(parent *Conn, tree map[string]string) {
	for {
		var ask struct {
			Ask, Path string
			Paths     []string
			MaxBytes  int `json:"max_bytes"`
		}
		if parent.Receive(&ask) != nil {
			return
		}
		if ask.Ask == "list" {
			parent.Send(listing(tree, ask.Path))
			continue
		}
		serveFiles(parent, tree, ask.Paths, ask.MaxBytes)
	}
}

func listing(tree map[string]string, folder string) map[string]any {
	found := map[string]string{}
	for file := range tree {
		rest, inside := strings.CutPrefix("/"+file, path.Join("/", folder)+"/")
		if folder == "" {
			rest, inside = file, true
		}
		if inside {
			name, _, deeper := strings.Cut(rest, "/")
			found[name] = map[bool]string{true: "dir", false: "file"}[deeper]
		}
	}
	if len(found) == 0 {
		return map[string]any{"error": Fault{Code: CodePathMissing, Message: "no such folder", Path: folder}}
	}
	var entries []Entry
	for _, name := range slices.Backward(slices.Sorted(maps.Keys(found))) { // any order but the right one
		entries = append(entries, Entry{name, found[name]})
	}
	return map[string]any{"entries": entries}
}

func serveFiles(parent *Conn, tree map[string]string, paths []string, maxBytes int) {
	rows, all := []map[string]any{}, ""
	for _, file := range paths {
		rows = append(rows, map[string]any{"size": len(tree[file])})
		all += tree[file]
	}
	if len(all) > maxBytes {
		parent.Send(map[string]any{"error": Fault{Code: CodeTooLarge, Message: "larger than 100 bytes together"}})
		return
	}
	parent.Send(map[string]any{"files": rows})
	parent.SendRaw([]byte(all))
}
