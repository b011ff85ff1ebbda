package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func filled(t *testing.T, request map[string]any) []outcome {
	t.Helper()
	params, err := json.Marshal(request)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := fillGoTemplates(params, nil)
	if err != nil {
		t.Fatal(err)
	}
	var found []outcome
	if err := json.Unmarshal(answer.Manifests, &found); err != nil {
		t.Fatal(err)
	}
	return found
}

func one(t *testing.T, text string, params map[string]any, options ...string) outcome {
	t.Helper()
	run := map[string]any{"template": 0, "params": params}
	return filled(t, map[string]any{"templates": []any{text}, "options": options, "runs": []any{run}})[0]
}

func TestEveryTextAndKeyOfATemplateIsFilled(t *testing.T) {
	body := map[string]any{"name": "{{.a}}-x", "{{.a}}": []any{"{{.b.c}}", 7, true, nil}, "plain": "as it is"}
	run := map[string]any{"template": 0, "params": map[string]any{"a": "one", "b": map[string]any{"c": "two"}}}
	encoded, _ := json.Marshal(filled(t, map[string]any{"templates": []any{body}, "runs": []any{run}})[0].Value)
	if want := `{"name":"one-x","one":["two",7,true,null],"plain":"as it is"}`; string(encoded) != want {
		t.Errorf("%s", encoded)
	}
}

func TestFunctionsOfApplicationSets(t *testing.T) {
	params := map[string]any{"n": "Feature/Some_Thing!", "o": map[string]any{"k": []any{1, "x"}}, "y": "a: 1\nb: [x]", "l": "[1, z]", "port": 80}
	for text, want := range map[string]string{
		`{{normalize .n}}`:                              "feature-some-thing",
		`{{slugify 12 false .n}}`:                       "feature-some",
		`{{slugify 10 true .n}}`:                        "feature",
		`{{slugify 100 true .n}}`:                       "feature-some-thing",
		`{{toYaml .o}}`:                                 "k:\n- 1\n- x",
		`{{(fromYaml .y).a}}`:                           "1",
		`{{index (fromYamlArray .l) 1}}`:                "z",
		`{{.n | upper | trunc 3}}`:                      "FEA",
		`{{.port}}`:                                     "80",
		`{{range $i, $e := .o.k}}{{$i}}={{$e}};{{end}}`: "0=1;1=x;",
		`{{default "d" .none}}`:                         "d",
		`{{.none}}`:                                     "<no value>",
		`{{with .none}}x{{else}}y{{end}}`:               "y",
		`{{"{{"}} as it is`:                             "{{ as it is",
	} {
		if found := one(t, text, params); found.Value != want || found.Fault != "" {
			t.Errorf("%s: %+v", text, found)
		}
	}
}

func TestWhatReadsTheEnvironmentOrTheNetworkIsNoFunction(t *testing.T) {
	for _, text := range []string{`{{env "PATH"}}`, `{{expandenv "$PATH"}}`, `{{getHostByName "localhost"}}`} {
		if found := one(t, text, nil); !strings.Contains(found.Fault, "not defined") || found.Program != text {
			t.Errorf("%s: %+v", text, found)
		}
	}
}

func TestMissingKeysAreAnErrorWhereTheOptionsSaySo(t *testing.T) {
	found := one(t, `{{.none}}`, map[string]any{}, "missingkey=error")
	if !strings.Contains(found.Fault, `no entry for key "none"`) {
		t.Errorf("%+v", found)
	}
	if found := one(t, `{{.x}}`, nil, "no such option"); !strings.Contains(found.Fault, "goTemplateOptions") {
		t.Errorf("%+v", found)
	}
}

func TestOneFaultyRunHurtsNoOther(t *testing.T) {
	found := filled(t, map[string]any{
		"templates": []any{"{{.a.b}}", "{{.a"},
		"runs": []any{
			map[string]any{"template": 0, "params": map[string]any{"a": map[string]any{"b": "x"}}},
			map[string]any{"template": 1, "params": map[string]any{}},
			map[string]any{"template": 0, "params": map[string]any{"a": "text"}},
			map[string]any{"template": 0, "params": map[string]any{"a": map[string]any{"b": "y"}}},
		},
	})
	if found[0].Value != "x" || found[3].Value != "y" || found[1].Fault == "" || found[2].Fault == "" {
		t.Errorf("%+v", found)
	}
}

func TestWhatAParameterHoldsIsNeverATemplate(t *testing.T) {
	if found := one(t, `{{.a}}`, map[string]any{"a": `{{env "PATH"}}`}); found.Value != `{{env "PATH"}}` {
		t.Errorf("%+v", found)
	}
}

func TestATextThatGrowsWithoutEndIsStopped(t *testing.T) {
	found := one(t, `{{range until 3000000}}xxxxxxxxxx{{end}}`, nil)
	if !strings.Contains(found.Fault, "more than") {
		t.Errorf("%+v", found)
	}
	found = one(t, `{{define "a"}}{{template "a"}}{{end}}{{template "a"}}`, nil)
	if !strings.Contains(found.Fault, "depth") {
		t.Errorf("%+v", found)
	}
}
