package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestHostileKustomizationsEndInACleanError(t *testing.T) {
	function := func(spec string) string {
		return "apiVersion: example.com/v1\nkind: Fn\nmetadata:\n  name: fn\n  annotations:\n    config.kubernetes.io/function: |\n      " + spec + "\n"
	}
	for name, row := range map[string]struct {
		files map[string]string
		want  string
	}{
		"an exec function":               {map[string]string{"k": "generators: [f.yaml]", "f.yaml": function("exec: {path: ./run.sh}")}, "external plugins disabled; unable to load external plugin 'Fn'"},
		"a container function":           {map[string]string{"k": "transformers: [f.yaml]", "f.yaml": function("container: {image: busybox}")}, "external plugins disabled"},
		"a Starlark function":            {map[string]string{"k": "validators: [f.yaml]", "f.yaml": function("starlark: {path: x.star, name: x}")}, "external plugins disabled"},
		"a function in line":             {map[string]string{"k": "generators:\n- |-\n  apiVersion: example.com/v1\n  kind: Fn\n  metadata: {name: f}\n"}, "external plugins disabled"},
		"a chart without permission":     {map[string]string{"k": "helmCharts: [{name: x}]"}, "must specify --enable-helm"},
		"a chart generator":              {map[string]string{"k": "generators: [g.yaml]", "g.yaml": "apiVersion: builtin\nkind: HelmChartInflationGenerator\nmetadata: {name: x}\nname: x\n"}, "must specify --enable-helm"},
		"a base above the repository":    {map[string]string{"k": "resources: [../../..]"}, "the path leads out of the repository"},
		"a base by its whole path":       {map[string]string{"k": "resources: [/etc]"}, "new root '/etc' cannot be absolute"},
		"a resource of the machine":      {map[string]string{"k": "resources: [/etc/passwd]"}, "the path leads out of the repository"},
		"a resource above":               {map[string]string{"k": "resources: [../d.yaml]"}, "security; file 'd.yaml' is not in or below 'app'"},
		"a patch above":                  {map[string]string{"k": "resources: [d.yaml]\npatches: [{path: ../p.yaml}]"}, "is not in or below 'app'"},
		"a patch of the machine":         {map[string]string{"k": "resources: [d.yaml]\npatches: [{path: /etc/passwd}]"}, "the path leads out of the repository"},
		"a generator's file above":       {map[string]string{"k": "configMapGenerator: [{name: a, files: [../d.yaml]}]"}, "is not in or below 'app'"},
		"a generator's file outside":     {map[string]string{"k": "secretGenerator: [{name: a, envs: [../../../etc/passwd]}]"}, "the path leads out of the repository"},
		"a generator's file missing":     {map[string]string{"k": "configMapGenerator: [{name: a, files: [none.txt]}]"}, "evalsymlink failure on 'app/none.txt' : lstat app/none.txt: no such file or directory"},
		"a schema above":                 {map[string]string{"k": "resources: [d.yaml]\nopenapi: {path: ../s.json}"}, "is not in or below 'app'"},
		"a configuration above":          {map[string]string{"k": "resources: [d.yaml]\nconfigurations: [../c.yaml]"}, "is not in or below 'app'"},
		"a replacement above":            {map[string]string{"k": "resources: [d.yaml]\nreplacements: [{path: ../r.yaml}]"}, "is not in or below 'app'"},
		"a CRD above":                    {map[string]string{"k": "resources: [d.yaml]\ncrds: [../d.yaml]"}, "is not in or below 'app'"},
		"itself":                         {map[string]string{"k": "resources: [.]"}, "cycle detected: candidate root 'app' contains visited root 'app'"},
		"bases that name each other":     {map[string]string{"k": "resources: [../b]", "../b/kustomization.yaml": "resources: [../app]"}, "cycle detected"},
		"two indented as one":            {map[string]string{"k": "resources:\n- ../../base\n - ../x\n"}, "is ambiguous"},
		"no kustomization":               {map[string]string{"other": ""}, "unable to find one of 'kustomization.yaml', 'kustomization.yml' or 'Kustomization' in directory 'app'"},
		"two kustomizations":             {map[string]string{"k": "namePrefix: a", "kustomization.yml": "namePrefix: a"}, "Found multiple kustomization files under: app"},
		"an empty kustomization":         {map[string]string{"k": ""}, "kustomization.yaml is empty"},
		"a kustomization in a list":      {map[string]string{"k": "- a"}, "invalid Kustomization"},
		"an unknown field":               {map[string]string{"k": "resource: [d.yaml]"}, `unknown field "resource"`},
		"another kind":                   {map[string]string{"k": "kind: Pod\nnamePrefix: a"}, "kind should be Kustomization or Component"},
		"a component among resources":    {map[string]string{"k": "resources: [../c]", "../c/kustomization.yaml": "kind: Component\nnamePrefix: a"}, "expected kind != 'Component' for path 'c'"},
		"a base among components":        {map[string]string{"k": "components: [../c]", "../c/kustomization.yaml": "namePrefix: a"}, "expected kind 'Component' for path 'c' but got 'Kustomization'"},
		"an alias bomb as resource":      {map[string]string{"k": "resources: [r.yaml]", "r.yaml": cm("a") + bomb(9)}, "excessive aliasing"},
		"an alias bomb as kustomization": {map[string]string{"k": bomb(9)}, "excessive aliasing"},
		"an alias of itself":             {map[string]string{"k": "resources: [r.yaml]", "r.yaml": cm("a") + "v: &x [*x]\n"}, "anchor 'x' value contains itself"},
		"many brackets as resource":      {map[string]string{"k": "resources: [r.yaml]", "r.yaml": cm("a") + "v: " + strings.Repeat("[", 100_000)}, "exceeded max depth of 10000"},
		"many brackets":                  {map[string]string{"k": "resources: " + strings.Repeat("[", 100_000)}, "exceeded max depth of 10000"},
		"deep objects":                   {map[string]string{"k": "resources: [r.yaml]", "r.yaml": cm("a") + "v: " + strings.Repeat("[", 300) + strings.Repeat("]", 300)}, "nested deeper than 200 levels"},
		"an object without a kind":       {map[string]string{"k": "resources: [r.yaml]", "r.yaml": "apiVersion: v1\nmetadata: {name: a}\n"}, "missing"},
		"the same object twice":          {map[string]string{"k": "resources: [d.yaml, e.yaml]", "e.yaml": deployment}, "may not add resource with an already registered id: Deployment.v1.apps/web.[noNs]"},
		"a secret's literal":             {map[string]string{"k": "secretGenerator: [{name: a, literals: [hunter2]}]"}, "literal source (not shown), expected key=value"},
	} {
		files := map[string]string{"app/d.yaml": deployment}
		for _, above := range []string{"d.yaml", "p.yaml", "s.json", "c.yaml", "r.yaml"} {
			files[above] = deployment
		}
		for file, text := range row.files {
			if file == "k" {
				file = "kustomization.yaml"
			}
			files[strings.TrimPrefix("app/"+file, "app/../")] = text
		}
		answer, fault := built(t, newMemory(files), kustomizeParams{Path: "app"})
		switch {
		case fault == nil:
			t.Errorf("%s: built %s", name, answer.Manifests)
		case !strings.Contains(fault.Message, row.want):
			t.Errorf("%s: %s", name, fault.Message)
		case strings.Contains(fault.Message, unguessable) || strings.Contains(fault.Message, "hunter2") || fault.Code == CodeInternal:
			t.Errorf("%s: %+v", name, fault)
		}
	}
}

func TestChartsThatCannotBeRenderedAreRefused(t *testing.T) {
	chart := map[string]string{"charts/web/Chart.yaml": "apiVersion: v2\nname: web\nversion: 1.0.0\n", "charts/web/values.yaml": "a: hunter2\n", "charts/web/templates/a.yaml": cm("a")}
	for name, row := range map[string]struct{ chart, want string }{
		"a flag as release name":   {"{name: web, releaseName: --post-renderer=./x}", "must match regex"},
		"a flag as chart name":     {"{name: --post-renderer=./x, releaseName: a}", "no chart found at"},
		"a chart above":            {"{name: ../../../etc, releaseName: a}", "no chart found at"},
		"no release name":          {"{name: web}", "give it a releaseName"},
		"a name template":          {"{name: web, releaseName: a, nameTemplate: '{{ randAlpha 3 }}'}", "nameTemplate is not supported"},
		"no name":                  {"{releaseName: a}", "chart name cannot be empty"},
		"a repository not allowed": {"{name: x, releaseName: a, repo: 'https://charts.example.com', version: 1.0.0}", "the project does not allow this source"},
		"values above":             {"{name: web, releaseName: a, valuesFile: ../v.yaml}", "security; file 'v.yaml' is not in or below 'app'"},
		"values of the machine":    {"{name: web, releaseName: a, additionalValuesFiles: [/etc/passwd]}", "the path leads out of the repository"},
		"another way to merge":     {"{name: web, releaseName: a, valuesMerge: x, valuesInline: {a: 1}}", "valuesMerge must be one of"},
	} {
		files := map[string]string{"app/kustomization.yaml": "helmCharts:\n- " + row.chart + "\n", "v.yaml": "a: 1\n"}
		for file, text := range chart {
			files["app/"+file] = text
		}
		answer, fault := built(t, newMemory(files), kustomizeParams{Path: "app", EnableHelm: true})
		if fault == nil || !strings.Contains(fault.Message, row.want) || strings.Contains(fault.Message, unguessable) {
			t.Errorf("%s: %v %+v", name, answer, fault)
		}
	}
}

func TestAComponentAloneBuilds(t *testing.T) { // as it does with kustomize build
	tree := newMemory(map[string]string{"kustomization.yaml": "kind: Component\nresources: [d.yaml]\n", "d.yaml": deployment})
	expectParts(t, "component", objectsOf(t, tree, kustomizeParams{}), `"kind":"Deployment"`)
}

func TestALongChainOfBasesBuildsOrEnds(t *testing.T) {
	files := map[string]string{"0/kustomization.yaml": "resources: [d.yaml]\n", "0/d.yaml": deployment}
	for i := range 300 {
		files[fmt.Sprintf("%d/kustomization.yaml", i+1)] = fmt.Sprintf("resources: [../%d]\n", i)
	}
	expectParts(t, "chain", objectsOf(t, newMemory(files), kustomizeParams{Path: "300", Limits: manyFiles()}), `"kind":"Deployment"`)
	if _, fault := built(t, newMemory(files), kustomizeParams{Path: "300"}); fault == nil || fault.Code != CodeTooLarge {
		t.Errorf("%v", fault)
	}
}

func manyFiles() directoryLimits {
	limits := testLimits
	limits.Files = 20_000
	return limits
}

func TestCapsEndABuild(t *testing.T) {
	tree := map[string]string{"kustomization.yaml": "resources: [d.yaml, e.yaml]\n", "d.yaml": deployment, "e.yaml": cm("e")}
	for name, change := range map[string]func(*directoryLimits){
		"the build looks for more than 3 files": func(l *directoryLimits) { l.Files = 3 },
		"more than 1 manifests":                 func(l *directoryLimits) { l.Manifests = 1 },
		"the files read are too large together": func(l *directoryLimits) { l.CombinedBytes = 100 },
		"larger than 100 bytes together":        func(l *directoryLimits) { l.OutputBytes = 100 },
	} {
		limits := testLimits
		change(&limits)
		if _, fault := built(t, newMemory(tree), kustomizeParams{Limits: limits}); fault == nil || fault.Code != CodeTooLarge || !strings.Contains(fault.Message, name) {
			t.Errorf("%s: %v", name, fault)
		}
	}
}

func TestWhatTheParentCannotServeIsNotTakenForAbsent(t *testing.T) {
	source := newMemory(map[string]string{"kustomization.yaml": "resources: [d.yaml]\n", "d.yaml": deployment})
	source.outage = &Fault{Code: CodeUnavailable, Message: "the files cannot be served now"}
	if _, fault := built(t, source, kustomizeParams{}); fault == nil || fault.Code != CodeUnavailable {
		t.Errorf("%v", fault)
	}
}

func TestAnOwnSchemaHoldsForOneBuildOnly(t *testing.T) {
	custom := `{"definitions":{"v1.Thing":{"properties":{"list":{"type":"array","items":{"type":"object"},` +
		`"x-kubernetes-patch-merge-key":"key","x-kubernetes-patch-strategy":"merge"}},"type":"object",` +
		`"x-kubernetes-group-version-kind":[{"group":"example.com","kind":"Thing","version":"v1"}]}}}`
	thing := "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nlist: [{key: a, v: 1}]\n"
	patch := "apiVersion: example.com/v1\nkind: Thing\nmetadata: {name: t}\nlist: [{key: b, v: 2}]\n"
	plain := map[string]string{"kustomization.yaml": "resources: [t.yaml]\npatches: [{path: p.yaml}]\n", "t.yaml": thing, "p.yaml": patch}
	own := map[string]string{"kustomization.yaml": plain["kustomization.yaml"] + "openapi: {path: s.json}\n", "t.yaml": thing, "p.yaml": patch, "s.json": custom}
	for _, row := range []struct {
		tree map[string]string
		want string
	}{
		{plain, `"list":[{"key":"b","v":2}]`}, {own, `"list":[{"key":"b","v":2},{"key":"a","v":1}]`}, {plain, `"list":[{"key":"b","v":2}]`},
	} {
		expectParts(t, "schema", objectsOf(t, newMemory(row.tree), kustomizeParams{}), row.want)
	}
}

func TestParametersThatLeadOutAreRefused(t *testing.T) {
	for _, place := range []string{"..", "../x", "/etc", "a/../../b"} {
		if _, fault := built(t, newMemory(map[string]string{}), kustomizeParams{Path: place}); fault == nil || fault.Code != CodePathEscapes {
			t.Errorf("%s: %v", place, fault)
		}
	}
}
