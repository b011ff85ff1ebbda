package main

import (
	"encoding/json"
	"strings"
	"testing"
)

const deployment = `apiVersion: apps/v1
kind: Deployment
metadata: {name: web}
spec:
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: web, image: nginx:1.0}]}
`

func built(t *testing.T, source Source, params kustomizeParams) (*Answer, *Fault) {
	t.Helper()
	if params.Limits == (directoryLimits{}) {
		params.Limits = testLimits
	}
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := renderKustomize(raw, source)
	if err != nil {
		return nil, asFault(err)
	}
	return answer, nil
}

// objectsOf gives the manifests as text, one a line, for a look at the parts that matter.
func objectsOf(t *testing.T, source Source, params kustomizeParams) string {
	t.Helper()
	answer, fault := built(t, source, params)
	if fault != nil {
		t.Fatalf("%+v", fault)
	}
	var objects []json.RawMessage
	if err := json.Unmarshal(answer.Manifests, &objects); err != nil || len(objects) != len(answer.Origins) {
		t.Fatalf("%s %v", answer.Manifests, err)
	}
	lines := make([]string, len(objects))
	for i, object := range objects {
		lines[i] = string(object)
	}
	return strings.Join(lines, "\n")
}

func expectParts(t *testing.T, name, got string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if absent, not := strings.CutPrefix(part, "not "); not == strings.Contains(got, absent) {
			t.Errorf("%s: want %s in\n%s", name, part, got)
		}
	}
}

func TestOverridesAreWrittenAsKustomizeEditWritesThem(t *testing.T) {
	own := "resources: [d.yaml]\nimages: [{name: nginx, newName: mirror/nginx, newTag: '2'}]\ncommonAnnotations: {team: a}\nlabels: [{pairs: {tier: web}}]\n"
	for name, row := range map[string]struct {
		params kustomizeParams
		want   []string
	}{
		"nothing":                  {kustomizeParams{}, []string{`"image":"mirror/nginx:2"`, `"name":"web"`, `"tier":"web"`}},
		"a prefix and a suffix":    {kustomizeParams{NamePrefix: "a-", NameSuffix: "-b"}, []string{`"name":"a-web-b"`}},
		"a tag":                    {kustomizeParams{Images: []string{"nginx:3"}}, []string{`"image":"nginx:3"`}},
		"another name":             {kustomizeParams{Images: []string{"nginx=own/x"}}, []string{`"image":"own/x:1.0"`}},
		"a digest":                 {kustomizeParams{Images: []string{"nginx@sha256:abc"}}, []string{`"image":"nginx@sha256:abc"`}},
		"a kept name":              {kustomizeParams{Images: []string{"nginx=*:3"}}, []string{`"image":"mirror/nginx:3"`}},
		"a kept tag":               {kustomizeParams{Images: []string{"nginx=own/x:*"}}, []string{`"image":"own/x:2"`}},
		"an image that nobody has": {kustomizeParams{Images: []string{"redis:7"}}, []string{`"image":"mirror/nginx:2"`}},
		"replicas":                 {kustomizeParams{Replicas: []kustomizeReplica{{"web", []byte("3")}}}, []string{`"replicas":3`}},
		"replicas as text":         {kustomizeParams{Replicas: []kustomizeReplica{{"web", []byte(`"4"`)}}}, []string{`"replicas":4`}},
		"labels":                   {kustomizeParams{CommonLabels: map[string]string{"x": "y"}}, []string{`"matchLabels":{"app":"web","x":"y"}`}},
		"labels that select nothing": {
			kustomizeParams{CommonLabels: map[string]string{"x": "y"}, LabelWithoutSelector: true},
			[]string{`"matchLabels":{"app":"web"}`, `"labels":{"app":"web"}`, `"labels":{"tier":"web","x":"y"}`},
		},
		"labels in templates": {
			kustomizeParams{CommonLabels: map[string]string{"x": "y"}, LabelWithoutSelector: true, LabelIncludeTemplates: true},
			[]string{`"matchLabels":{"app":"web"}`, `"labels":{"app":"web","x":"y"}`},
		},
		"a label by force": {
			kustomizeParams{CommonLabels: map[string]string{"tier": "y"}, LabelWithoutSelector: true, ForceCommonLabels: true},
			[]string{`"tier":"y"`},
		},
		"an annotation":     {kustomizeParams{CommonAnnotations: map[string]string{"x": "y:z"}}, []string{`"x":"y:z"`}},
		"a value in quotes": {kustomizeParams{CommonAnnotations: map[string]string{"x": `"true"`}}, []string{`"x":"true"`}},
		"an annotation by force": {
			kustomizeParams{CommonAnnotations: map[string]string{"team": "b"}, ForceCommonAnnotations: true}, []string{`"team":"b"`},
		},
		"a namespace": {kustomizeParams{Namespace: "prod"}, []string{`"namespace":"prod"`}},
		"a patch": {
			kustomizeParams{Patches: []kustomizePatch{{
				Patch: `[{"op": "add", "path": "/spec/paused", "value": true}]`, Target: &kustomizeTarget{Kind: "Deployment", LabelSelector: ""},
			}}}, []string{`"paused":true`},
		},
		"a patch from a file": {kustomizeParams{Patches: []kustomizePatch{{Path: "p.yaml"}}}, []string{`"paused":false`}},
		"a patch that may rename": {
			kustomizeParams{Patches: []kustomizePatch{{
				Patch:  `[{"op": "replace", "path": "/metadata/name", "value": "other"}]`,
				Target: &kustomizeTarget{Name: "w.*"}, Options: map[string]bool{"allowNameChange": true},
			}}}, []string{`"name":"other"`},
		},
		"a component":             {kustomizeParams{Components: []string{"../c"}}, []string{`"by":"component"`}},
		"components by a pattern": {kustomizeParams{Components: []string{"../[c]*"}}, []string{`"by":"component"`}},
		"a component that is missing, ignored": {
			kustomizeParams{Components: []string{"../nowhere", "../c"}, IgnoreMissingComponents: true}, []string{`"by":"component"`},
		},
	} {
		row.params.Path = "app"
		tree := newMemory(map[string]string{
			"app/kustomization.yaml": own, "app/d.yaml": deployment,
			"app/p.yaml":           "apiVersion: apps/v1\nkind: Deployment\nmetadata: {name: web}\nspec: {paused: false}\n",
			"c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\ncommonAnnotations: {by: component}\n",
		})
		expectParts(t, name, objectsOf(t, tree, row.params), row.want...)
	}
}

func TestOverridesThatKustomizeEditRefusesAreRefused(t *testing.T) {
	for name, row := range map[string]struct {
		params kustomizeParams
		want   string
	}{
		"a label that is there":       {kustomizeParams{CommonLabels: map[string]string{"x": "z"}}, "label x already in kustomization file. Use --force to override."},
		"an annotation that is there": {kustomizeParams{CommonAnnotations: map[string]string{"team": "b"}}, "annotation team already in kustomization file. Use --force to override."},
		"a label without a name":      {kustomizeParams{CommonLabels: map[string]string{"": "z"}}, "invalid label: ':z' (need k:v pair where v may be quoted)"},
		"templates of selectors":      {kustomizeParams{CommonLabels: map[string]string{"a": "z"}, LabelIncludeTemplates: true}, "--without-selector flag must be specified for --include-templates to work"},
		"an image without a version":  {kustomizeParams{Images: []string{"nginx"}}, "invalid format of image, use one of the following options:"},
		"replicas that are no number": {kustomizeParams{Replicas: []kustomizeReplica{{"web", []byte(`"many"`)}}}, "invalid format of replica, use the following format: <name>=<count>"},
		"a component that is missing": {kustomizeParams{Components: []string{"../nowhere"}}, "../nowhere has no match: must build at directory: not a valid directory: evalsymlink failure on 'nowhere' : lstat nowhere: no such file or directory"},
		"a component that escapes":    {kustomizeParams{Components: []string{"../../../etc"}}, "the path leads out of the repository"},
		"nothing to edit":             {kustomizeParams{Path: "empty", NamePrefix: "x"}, "Missing kustomization file 'kustomization.yaml'."},
		"two to edit":                 {kustomizeParams{Path: "two", NamePrefix: "x"}, "Found multiple kustomization file: [kustomization.yaml kustomization.yml]"},
		"a folder to edit":            {kustomizeParams{Path: "folder", NamePrefix: "x"}, "kustomization.yaml should be a file"},
	} {
		if row.params.Path == "" {
			row.params.Path = "app"
		}
		tree := newMemory(map[string]string{
			"app/kustomization.yaml": "resources: [d.yaml]\ncommonLabels: {x: a}\ncommonAnnotations: {team: a}\n", "app/d.yaml": deployment,
			"empty/x": "", "two/kustomization.yaml": "namePrefix: x", "two/kustomization.yml": "namePrefix: x", "folder/kustomization.yaml/x": "",
		})
		if _, fault := built(t, tree, row.params); fault == nil || !strings.Contains(fault.Message, row.want) {
			t.Errorf("%s: %v", name, fault)
		}
	}
}

func TestOptionsOfTheOperatorAreTakenFromAListOnly(t *testing.T) {
	tree := map[string]string{
		"app/kustomization.yaml": "resources: [../d.yaml, n.yaml]\n", "d.yaml": deployment,
		"app/n.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
	}
	loose := []string{"--load-restrictor", "LoadRestrictionsNone"}
	for name, row := range map[string]struct {
		options []string
		want    string
	}{
		"files from above":       {loose, "Namespace Deployment"},
		"in one word":            {[]string{"--load-restrictor=LoadRestrictionsNone"}, "Namespace Deployment"},
		"in the order of files":  {append(loose, "--reorder", "none"), "Deployment Namespace"},
		"words without effect":   {append(loose, "--as-current-user", "--helm-debug", "--stack-trace"), "Namespace Deployment"},
		"helm that nobody needs": {append(loose, "--enable-helm"), "Namespace Deployment"},
		"helm switched off":      {append(loose, "--enable-helm=false"), "Namespace Deployment"},
	} {
		kinds := []string{}
		for line := range strings.Lines(objectsOf(t, newMemory(tree), kustomizeParams{Path: "app", BuildOptions: row.options})) {
			var object struct{ Kind string }
			if err := json.Unmarshal([]byte(line), &object); err != nil {
				t.Fatal(err)
			}
			kinds = append(kinds, object.Kind)
		}
		if got := strings.Join(kinds, " "); got != row.want {
			t.Errorf("%s: %s", name, got)
		}
	}
	for _, options := range [][]string{
		{"--enable-alpha-plugins"}, {"--enable-exec"}, {"--network"}, {"--network-name", "x"}, {"--helm-command", "./x"}, {"--helm-command=./x"},
		{"--mount", "type=bind"}, {"-e", "A"}, {"--env", "A"}, {"-o", "/x"}, {"--output", "/x"}, {"/other"}, {"--load-restrictor"},
		{"--load-restrictor", "x"}, {"--reorder", "x"}, {""},
	} {
		_, fault := built(t, newMemory(tree), kustomizeParams{Path: "app", BuildOptions: options})
		if fault == nil || fault.Code != CodeNotSupported || !strings.HasPrefix(fault.Message, "kustomize.buildOptions: ") {
			t.Errorf("%v: %v", options, fault)
		}
	}
}

func TestTheManagedByLabelIsAnOption(t *testing.T) {
	tree := newMemory(map[string]string{"kustomization.yaml": "resources: [d.yaml]\n", "d.yaml": deployment})
	got := objectsOf(t, tree, kustomizeParams{BuildOptions: []string{"--enable-managedby-label"}})
	expectParts(t, "label", got, `"app.kubernetes.io/managed-by":"kustomize-v5.8.2"`)
}

func TestWarningsNameTheirFile(t *testing.T) {
	tree := newMemory(map[string]string{
		"app/kustomization.yaml":  "bases: [../base]\ncommonLabels: {a: b}\n",
		"base/kustomization.yaml": "resources: [d.yaml]\nvars: [{name: UNUSED, objref: {kind: Deployment, name: web, apiVersion: apps/v1}}]\n",
		"base/d.yaml":             deployment,
	})
	answer, fault := built(t, tree, kustomizeParams{Path: "app"})
	if fault != nil {
		t.Fatal(fault)
	}
	lines := []string{}
	for _, warning := range answer.Warnings {
		lines = append(lines, warning.Path+": "+warning.Code+": "+warning.Message)
	}
	expectParts(t, "warnings", strings.Join(lines, "\n"),
		"app/kustomization.yaml: deprecated: 'bases' is deprecated. Please use 'resources' instead.",
		"app/kustomization.yaml: deprecated: 'commonLabels' is deprecated. Please use 'labels' instead.",
		"base/kustomization.yaml: deprecated: 'vars' is deprecated.",
		"app: kustomize: well-defined vars that were never replaced: UNUSED",
	)
}

func TestABuildReadsWhatItNeedsInOneQuestionALevel(t *testing.T) {
	files := map[string]string{"top/kustomization.yaml": "resources: [../a, ../b]\npatches: [{path: p.yaml, target: {kind: Deployment}}]\n"}
	files["top/p.yaml"] = "- {op: add, path: /spec/paused, value: true}\n"
	for _, base := range []string{"a", "b"} {
		files[base+"/kustomization.yaml"] = "namePrefix: " + base + "-\nresources: [d.yaml]\nconfigMapGenerator: [{name: c, files: [k=f.txt], envs: [e.env]}]\n"
		files[base+"/d.yaml"], files[base+"/f.txt"], files[base+"/e.env"] = deployment, "text", "A=B"
	}
	files["a/unrelated.yaml"] = "never read"
	source := newMemory(files)
	counting := &countingSource{memory: source}
	objectsOf(t, counting, kustomizeParams{Path: "top"})
	if counting.reads != 3 {
		t.Errorf("%d questions: %v", counting.reads, source.asked)
	}
	if strings.Contains(strings.Join(source.asked, " "), "unrelated") {
		t.Errorf("%v", source.asked)
	}
}

type countingSource struct {
	*memory
	reads int
}

func (c *countingSource) Read(mount string, paths []string, maxBytes int) ([]Content, error) {
	c.reads++
	return c.memory.Read(mount, paths, maxBytes)
}

func TestLinksAreFollowedAsOnADisk(t *testing.T) {
	tree := map[string]string{
		"app/kustomization.yaml": "resources: [linked, file.yaml]\n", "app/linked": "-> ../real/base", "app/file.yaml": "-> n.yaml",
		"real/base/kustomization.yaml": "resources: [../beside]\n", "real/beside/kustomization.yaml": "resources: [d.yaml]\n",
		"real/beside/d.yaml": deployment, "app/n.yaml": "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n",
		"strict/kustomization.yaml": "resources: [l.yaml]\n", "strict/l.yaml": "-> ../app/n.yaml",
		"out/kustomization.yaml": "resources: [l.yaml]\n", "out/l.yaml": "-> ../../etc/passwd",
	}
	expectParts(t, "linked base", objectsOf(t, newMemory(tree), kustomizeParams{Path: "app"}), `"kind":"Deployment"`, `"kind":"Namespace"`)
	_, fault := built(t, newMemory(tree), kustomizeParams{Path: "strict"})
	if fault == nil || !strings.Contains(fault.Message, "security; file 'strict/l.yaml' is not in or below 'strict'") {
		t.Errorf("%v", fault)
	}
	expectParts(t, "loose", objectsOf(t, newMemory(tree), kustomizeParams{Path: "strict", LoadRestrictorNone: true}), `"kind":"Namespace"`)
	for _, loose := range []bool{false, true} {
		_, fault := built(t, newMemory(tree), kustomizeParams{Path: "out", LoadRestrictorNone: loose})
		if fault == nil || !strings.Contains(fault.Message, "the path leads out of the repository") {
			t.Errorf("%v", fault)
		}
	}
}
