package main

import (
	"archive/tar"
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestFactsAreAskedForWhenATemplateNeedsThem(t *testing.T) {
	for name, row := range map[string]struct {
		template string
		apis     []string
		asked    []string
		want     string
	}{
		"none":             {"", nil, nil, ""},
		"a version":        {"{{ .Capabilities.KubeVersion.Minor }}", nil, []string{"kube version"}, "36"},
		"a version twice":  {"{{ .Capabilities.KubeVersion.Minor }}{{ .Capabilities.KubeVersion.Major }}", nil, []string{"kube version"}, "361"},
		"an API":           {`{{ .Capabilities.APIVersions.Has "x.io/v1" }}{{ .Capabilities.APIVersions.Has "x.io/v1" }}`, []string{"x.io/v1"}, []string{"api x.io/v1"}, "truetrue"},
		"an API not there": {`{{ .Capabilities.APIVersions.Has "x.io/v2" }}`, []string{"x.io/v1"}, []string{"api x.io/v2"}, "false"},
		"one Helm knows":   {`{{ .Capabilities.APIVersions.Has "apps/v1" }}`, nil, nil, "true"},
		"in tpl":           {`{{ tpl .Values.t . }}`, []string{"x.io/v1"}, []string{"api x.io/v1"}, "true"},
		"the list":         {`{{ has "x.io/v1" .Capabilities.APIVersions }}`, []string{"x.io/v1"}, []string{"apis"}, "true"},
		"a copy":           {`{{ with deepCopy . }}{{ .Capabilities.KubeVersion.Minor }}{{ end }}`, nil, []string{"kube version"}, "36"},
		"all":              {`{{ toJson .Capabilities | len | lt 100 }}`, []string{"x.io/v1"}, []string{"kube version", "apis"}, "true"},
		"printed":          {`{{ printf "%v" .Capabilities | contains "x.io/v1" }}`, []string{"x.io/v1"}, []string{"kube version", "apis"}, "true"},
	} {
		source := newMemory(aChart(cm("a")+"data: {got: '"+row.template+"'}\n", "app/values.yaml", `t: '{{ .Capabilities.APIVersions.Has "x.io/v1" }}'`))
		source.apis = row.apis
		answer, fault := templated(t, source, helmParams{Chart: helmPlace{Path: "app"}})
		if fault != nil {
			t.Errorf("%s: %v", name, fault)
			continue
		}
		var asked []string
		for _, question := range source.asked {
			if !strings.Contains(question, ":") && !strings.HasPrefix(question, "glob") {
				asked = append(asked, question)
			}
		}
		if !slices.Equal(asked, row.asked) || len(answer.FactsUsed) != len(row.asked) {
			t.Errorf("%s: asked %q, told %q", name, asked, answer.FactsUsed)
		}
		if !strings.Contains(string(answer.Manifests), fmt.Sprintf(`"got":"%s"`, row.want)) {
			t.Errorf("%s: %s", name, answer.Manifests)
		}
	}
}

func TestAFactThatCannotBeHadEndsTheRendering(t *testing.T) {
	for _, template := range []string{"{{ .Capabilities.KubeVersion }}", `{{ .Capabilities.APIVersions.Has "x/v1" }}`, "{{ len .Capabilities.APIVersions }}", "{{ toYaml .Capabilities }}"} {
		source := &withoutFacts{newMemory(aChart(cm("a") + "v: " + template + "\n"))}
		if _, fault := templated(t, source, helmParams{Chart: helmPlace{Path: "app"}}); fault == nil || fault.Code != CodeUnavailable {
			t.Errorf("%s: %+v", template, fault)
		}
	}
	source := &withoutFacts{newMemory(aChart(cm("a")))}
	if _, fault := templated(t, source, helmParams{Chart: helmPlace{Path: "app"}}); fault != nil {
		t.Errorf("a chart that asks nothing: %v", fault)
	}
}

type withoutFacts struct{ *memory }

var errNoDiscovery = &Fault{Code: CodeUnavailable, Message: "the cluster's discovery failed"}

func (withoutFacts) KubeVersion() (string, error)   { return "", errNoDiscovery }
func (withoutFacts) HasAPI(string) (bool, error)    { return false, errNoDiscovery }
func (withoutFacts) APIVersions() ([]string, error) { return nil, errNoDiscovery }

func TestImpureFunctionsAreTold(t *testing.T) {
	for template, want := range map[string]string{
		`{{ randAlphaNum 5 }}`: "randAlphaNum", `{{ now | unixEpoch }}`: "now", `{{ uuidv4 }}`: "uuidv4",
		`{{ tpl "{{ randAlpha 3 }}" . }}`: "randAlpha", `{{ (genCA "x" 1).Cert | len }}`: "genCA", `{{ bcrypt "x" | len }}`: "bcrypt",
		`{{ date "2006" "x" }}`: "date", `{{ htmlDate (toDate "2006-01-02" "2024-01-02") }}`: "", `{{ date "2006" (toDate "2006" "2024") }}`: "",
		`{{ sha256sum "x" }}`: "", `{{ if false }}{{ now }}{{ end }}`: "",
	} {
		answer, fault := templated(t, newMemory(aChart(cm("a")+"v: '"+template+"'\n")), helmParams{Chart: helmPlace{Path: "app"}})
		if fault != nil {
			t.Errorf("%s: %v", template, fault)
			continue
		}
		told := ""
		for _, warning := range answer.Warnings {
			if warning.Code == "impure" {
				told, _, _ = strings.Cut(strings.TrimPrefix(warning.Message, "the chart uses "), ",")
			}
		}
		if told != want {
			t.Errorf("%s: %q %+v", template, told, answer.Warnings)
		}
	}
}

func TestWarningsDoNotQuoteValues(t *testing.T) {
	source := newMemory(aChart(cm("a"), "app/values.yaml", "n: {a: hunter2}\n", "app/f.yaml", "n: {a: {b: 1}}\n"))
	answer, fault := templated(t, source, helmParams{Chart: helmPlace{Path: "app"}, ValueFiles: []helmValueFile{{At: helmPlace{Path: "app/f.yaml"}}}})
	if fault != nil || len(answer.Warnings) != 1 || answer.Warnings[0].Code != "helm" || strings.Contains(answer.Warnings[0].Message, "hunter2") {
		t.Errorf("%v %+v", fault, answer)
	}
}

func TestPackedDependenciesAreUnpackedWhereverTheyLie(t *testing.T) {
	deep := packed(t, packedFile{name: "deep/Chart.yaml", text: "apiVersion: v2\nname: deep\nversion: 1.0.0\n"}, packedFile{name: "deep/templates/a.yaml", text: cm("deep")})
	db := packed(t,
		packedFile{name: "db/Chart.yaml", text: dbChart}, packedFile{name: "db/templates/a.yaml", text: cm("db")},
		packedFile{name: "db/charts/deep-1.0.0.tgz", text: deep}, packedFile{name: "db/link", text: "/etc/passwd", kind: tar.TypeSymlink})
	for name, files := range map[string]map[string]string{
		"in charts/":              aChart(cm("a"), "app/charts/db-0.1.0.tgz", db),
		"in a dependency":         aChart(cm("a"), "app/charts/x/Chart.yaml", strings.Replace(dbChart, "db", "x", 1), "app/charts/x/charts/db.tgz", db),
		"of what Chart.yaml says": aChart(cm("a"), "app/Chart.yaml", fmt.Sprintf(needsDB, "https://charts.example.com"), "app/charts/db-0.1.0.tgz", db),
	} {
		answer, fault := templated(t, newMemory(files), helmParams{Chart: helmPlace{Path: "app"}})
		if fault != nil || len(answer.Origins) != 3 || strings.Contains(string(answer.Manifests), "root:") {
			t.Errorf("%s: %v %+v", name, fault, answer)
		}
	}
}

func TestValuesAndDependenciesMayLieInOtherTrees(t *testing.T) {
	source := newMemory(map[string]string{"Chart.yaml": fmt.Sprintf(needsDB, "https://charts.example.com"), "values.yaml": "a: 1\n", "templates/a.yaml": cm("a") + "v: {{ .Values.a }}{{ .Values.b }}\n"})
	source.trees["values"] = map[string]string{"envs/prod.yaml": "a: 2\n", "envs/dev.yaml": "a: 3\n"}
	source.remotes["ref values"] = Mounted{"values", ""}
	source.trees["web"] = map[string]string{"more.yaml": "b: 4\n"}
	source.remotes["http https://example.com/more.yaml"] = Mounted{"web", "more.yaml"}
	source.trees["fetched"] = map[string]string{"db/Chart.yaml": dbChart, "db/templates/a.yaml": cm("db")}
	source.remotes["chart https://charts.example.com db 0.1.0"] = Mounted{"fetched", "db"}
	params := helmParams{ValueFiles: []helmValueFile{
		{At: helmPlace{Ref: "values", Path: "envs/*.yaml"}, Pattern: true}, {At: helmPlace{Ref: "values", Path: "envs/prod.yaml"}},
		{At: helmPlace{URL: "https://example.com/more.yaml"}},
	}}
	answer, fault := templated(t, source, params)
	if fault != nil || len(answer.Origins) != 2 || !strings.Contains(string(answer.Manifests), `"v":24`) {
		t.Errorf("%v %+v", fault, answer)
	}
}

func TestOriginsAreFilesOfTheRepository(t *testing.T) {
	files := aChart(cm("a"), "app/charts/x/Chart.yaml", strings.Replace(dbChart, "db", "x", 1), "app/charts/x/templates/deep/b.yaml", "\n"+cm("b"), "app/crds/c.yaml", cm("c"))
	answer, fault := templated(t, newMemory(files), helmParams{Chart: helmPlace{Path: "./app/"}})
	if fault != nil {
		t.Fatal(fault)
	}
	want := []string{"app/crds/c.yaml", "app/charts/x/templates/deep/b.yaml", "app/templates/a.yaml"}
	for i, origin := range answer.Origins {
		if origin.Path != want[i] || origin.Line != 1 {
			t.Errorf("%+v instead of %s", origin, want[i])
		}
	}
}

func TestAWholeChartIsReadByOnePattern(t *testing.T) {
	source := newMemory(aChart(cm("a"), "app/.helmignore", "*.md\n", "app/README.md", "x"))
	if _, fault := templated(t, source, helmParams{Chart: helmPlace{Path: "app"}}); fault != nil {
		t.Fatal(fault)
	}
	want := []string{"glob app/**", ":app/.helmignore", ":app/.helmignore", ":app/Chart.yaml", ":app/templates/a.yaml"}
	if !slices.Equal(source.asked, want) {
		t.Errorf("%q", source.asked)
	}
}
