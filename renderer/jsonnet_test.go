package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func evaluated(t *testing.T, source Source, params directoryParams) (*Answer, *Fault) {
	t.Helper()
	params.Limits = testLimits
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := renderDirectory(raw, source)
	if err != nil {
		return nil, asFault(err)
	}
	return answer, nil
}

const jsonnetMap = `{apiVersion: "v1", kind: "ConfigMap", metadata: {name: "%"}}`

func jsonnetObject(name string) string { return strings.ReplaceAll(jsonnetMap, "%", name) }

func TestJsonnetFilesStandAmongTheOthers(t *testing.T) {
	source := newMemory(map[string]string{
		"app/a.yaml": cm("a"), "app/b.jsonnet": "[" + jsonnetObject("b1") + ", null, " + jsonnetObject("b2") + "]",
		"app/c.json":    `{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"c"}}`,
		"app/d.jsonnet": `{apiVersion: "v1", kind: "ConfigMapList", items: [` + jsonnetObject("d") + `]}`, "app/lib.libsonnet": "{}",
		"app/skipped.jsonnet": "// +argocd:skip-file-rendering\nerror 'never'",
	})
	answer, fault := evaluated(t, source, directoryParams{Path: "app"})
	if fault != nil {
		t.Fatal(fault)
	}
	if got := names(t, answer); got != "a b1 b2 c d" {
		t.Error(got)
	}
	if answer.Origins[1] != (Origin{"app/b.jsonnet", 1}) {
		t.Errorf("%+v", answer.Origins)
	}
	answer, _ = evaluated(t, source, directoryParams{Path: "app", SkipJsonnet: true})
	if got := names(t, answer); got != "a c" {
		t.Error(got)
	}
}

func TestJsonnetVariablesAreTextOrCode(t *testing.T) {
	source := newMemory(map[string]string{
		"ext.jsonnet": `{apiVersion: "v1", kind: "ConfigMap", metadata: {name: std.extVar("name") + (std.extVar("count") + 1)}}`,
		"tla.jsonnet": `function(name, count=1) {apiVersion: "v1", kind: "ConfigMap", metadata: {name: name + (count + 1)}}`,
	})
	given := []jsonnetVar{{Name: "name", Value: "1 + 1"}, {Name: "count", Value: "1 + 1", Code: true}}
	answer, fault := evaluated(t, source, directoryParams{Jsonnet: jsonnetParams{ExtVars: given, TLAs: given}})
	if fault != nil {
		t.Fatal(fault)
	}
	if got := names(t, answer); got != "1 + 13 1 + 13" {
		t.Error(got)
	}
}

// Argo CD's order, which is go-jsonnet's: beside the importing file, the last library first, then the application's folder.
func TestImportsAreSearchedForInOrder(t *testing.T) {
	files := map[string]string{
		"app/a.jsonnet":        `{apiVersion: "v1", kind: "ConfigMap", metadata: {name: (import "sub/in.libsonnet") + (importstr "text")}}`,
		"app/sub/in.libsonnet": `(import "x.libsonnet") + (import "y.libsonnet") + (import "z.libsonnet")`,
		"app/sub/x.libsonnet":  `"beside"`, "vendor/x.libsonnet": `"wrong"`,
		"vendor/y.libsonnet": `"-last"`, "lib/y.libsonnet": `"-wrong"`,
		"app/z.libsonnet": `"-app"`, "app/text": "-text",
	}
	params := directoryParams{Path: "app", Jsonnet: jsonnetParams{Libs: []string{"lib", "/vendor"}}}
	source := newMemory(files)
	answer, fault := evaluated(t, source, params)
	if fault != nil {
		t.Fatal(fault)
	}
	if got := names(t, answer); got != "beside-last-app-text" {
		t.Error(got)
	}
	files["app/b.jsonnet"] = files["app/a.jsonnet"]
	if _, fault := evaluated(t, newMemory(files), params); fault != nil {
		t.Fatal(fault)
	}
}

func TestJsonnetThatFailsSaysSo(t *testing.T) {
	for name, row := range map[string]struct {
		text, want string
		params     jsonnetParams
	}{
		"no Jsonnet":              {"{", "a.jsonnet:1:2 Unexpected: end of file while parsing field definition", jsonnetParams{}},
		"an error of its own":     {"error 'own words'", "RUNTIME ERROR: own words", jsonnetParams{}},
		"an unknown variable":     {"std.extVar('x')", "Undefined external variable: x", jsonnetParams{}},
		"broken code":             {jsonnetObject("a"), "", jsonnetParams{ExtVars: []jsonnetVar{{Name: "x", Value: "{", Code: true}}}},
		"a missing argument":      {"function(x) x", "Missing argument: x", jsonnetParams{}},
		"a number":                {"1", "not an object", jsonnetParams{}},
		"a text":                  {"'{}'", "not an object", jsonnetParams{}},
		"an array in an array":    {"[[" + jsonnetObject("a") + "]]", "not an object", jsonnetParams{}},
		"no kind":                 {"{apiVersion: 'v1'}", "kind is missing", jsonnetParams{}},
		"an import of nothing":    {"import 'none.libsonnet'", `couldn't open import "none.libsonnet"`, jsonnetParams{}},
		"an import from above":    {"import '../../x'", "the path leaves the repository", jsonnetParams{}},
		"an import by whole path": {"importstr '/etc/passwd'", "the path leaves the repository", jsonnetParams{}},
		"a link out":              {"importstr 'link'", "a link leaves the repository", jsonnetParams{}},
		"a folder":                {"importstr 'dir'", "a folder", jsonnetParams{}},
		"a library above":         {"{}", "a Jsonnet library path leaves the repository", jsonnetParams{Libs: []string{"../x"}}},
		"a native function":       {"std.native('exec')('ls')", "Unexpected type null, expected function", jsonnetParams{}},
		"endless recursion":       {"local f(x) = f(x) + 1; f(1)", "max stack frames exceeded", jsonnetParams{}},
		"an import of itself":     {"import 'a.jsonnet'", "max stack frames exceeded", jsonnetParams{}},
		"many brackets":           {strings.Repeat("[", 100_000), "brackets nested deeper than 300 levels", jsonnetParams{}},
		"a deep object":           {"local deep(n) = if n == 0 then {} else {x: deep(n - 1) tailstrict}; " + jsonnetObject("a") + " + {v: deep(300)}", "nested deeper than 200 levels", jsonnetParams{}},
	} {
		source := newMemory(map[string]string{"a.jsonnet": row.text, "link": "-> ../out", "dir/x": ""})
		answer, fault := evaluated(t, source, directoryParams{Jsonnet: row.params})
		if row.want == "" {
			if fault == nil && names(t, answer) != "a" || fault != nil && !strings.Contains(fault.Message, "Unexpected") {
				t.Errorf("%s: %v", name, fault)
			}
			continue
		}
		if fault == nil || !strings.Contains(fault.Message, row.want) || fault.Code == CodeInternal {
			t.Errorf("%s: %v", name, fault)
		}
	}
}

func TestJsonnetDoesNotCountForTheCapOfADirectory(t *testing.T) {
	params := directoryParams{Limits: testLimits}
	params.Limits.CombinedBytes = 120
	source := newMemory(map[string]string{"a.yaml": cm("a"), "b.jsonnet": jsonnetObject("b") + "// " + strings.Repeat("x", 40)})
	raw, _ := json.Marshal(params)
	if answer, err := renderDirectory(raw, source); err != nil || names(t, answer) != "a b" {
		t.Errorf("%v", err)
	}
	source.trees[""]["b.jsonnet"] += strings.Repeat("x", 100)
	if _, err := renderDirectory(raw, source); asFault(err).Code != CodeTooLarge {
		t.Errorf("%v", err)
	}
	source.trees[""]["b.jsonnet"], source.trees[""]["c.libsonnet"] = "import 'c.libsonnet'", strings.Repeat(" ", 110)+jsonnetObject("c")
	if _, err := renderDirectory(raw, source); asFault(err).Code != CodeTooLarge {
		t.Errorf("%v", err)
	}
}
