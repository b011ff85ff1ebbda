package main

import (
	"fmt"
	"strings"
	"testing"
)

func TestRemotesAreFetchedByTheParentAndReadWhereTheyAreSeen(t *testing.T) {
	remoteBase := map[string]string{
		"base/kustomization.yaml": "resources: [d.yaml, ../more]\n", "base/d.yaml": deployment,
		"more/kustomization.yaml": "resources: [https://example.com/x/n.yaml]\n",
	}
	for _, base := range []string{
		"https://github.com/org/repo//base?ref=v1", "github.com/org/repo/base?ref=v1", "git@github.com:org/repo.git//base",
		"ssh://git@host.example/org/repo.git/base?ref=v1", "https://host.example/org/repo/base", "git::https://host.example/org/repo.git//base",
	} {
		for _, field := range []string{"resources", "bases"} {
			source := newMemory(map[string]string{"app/kustomization.yaml": field + ": [" + `"` + base + `"` + "]\nnamePrefix: p-\n"})
			source.trees["g1"], source.trees["h1"] = remoteBase, map[string]string{"n.yaml": cm("n")}
			source.remotes["git "+strings.TrimPrefix(base, "git::")] = Mounted{"g1", "base"}
			source.remotes["http https://example.com/x/n.yaml"] = Mounted{"h1", "n.yaml"}
			got := objectsOf(t, source, kustomizeParams{Path: "app"})
			expectParts(t, base, got, `"name":"p-web"`, `"name":"p-n"`)
		}
	}
}

func TestARemoteComponentIsATree(t *testing.T) {
	source := newMemory(map[string]string{"app/kustomization.yaml": "resources: [d.yaml]\n", "app/d.yaml": deployment})
	source.trees["g1"] = map[string]string{
		"c/kustomization.yaml": "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\nnameSuffix: -c\n",
	}
	source.remotes["git https://host.example/org/repo//c"] = Mounted{"g1", "c"}
	got := objectsOf(t, source, kustomizeParams{Path: "app", Components: []string{"https://host.example/org/repo//c"}})
	expectParts(t, "component", got, `"name":"web-c"`)
}

func TestAURLIsAFileOrATreeAsKustomizeWouldFindIt(t *testing.T) {
	namespace := "apiVersion: v1\nkind: Namespace\nmetadata: {name: n}\n"
	for _, row := range []struct{ url, kind, asked string }{
		{"https://host.example/org/repo/n.yaml", "http", "fetch http"},
		{"https://host.example/org/repo/n.yaml", "git", "fetch http fetch git"},
		{"https://host.example/org/repo/dir", "git", "fetch git"},
		{"https://host.example/org/repo/dir", "http", "fetch git fetch http"},
		{"https://host.example/file", "http", "fetch http"},
	} {
		source := newMemory(map[string]string{"kustomization.yaml": "resources: [\"" + row.url + "\"]\n"})
		source.trees["g1"] = map[string]string{"kustomization.yaml": "resources: [n.yaml]\n", "n.yaml": namespace}
		source.remotes[row.kind+" "+row.url] = map[string]Mounted{"git": {"g1", ""}, "http": {"g1", "n.yaml"}}[row.kind]
		expectParts(t, row.url, objectsOf(t, source, kustomizeParams{}), `"name":"n"`)
		var fetches []string
		for _, ask := range source.asked {
			if strings.HasPrefix(ask, "fetch ") {
				fetches = append(fetches, strings.TrimSuffix(ask, " "+row.url))
			}
		}
		if got := strings.Join(fetches, " "); got != row.asked {
			t.Errorf("%+v: %s", row, got)
		}
	}
}

func TestFilesOfOtherFieldsMayBeRemoteToo(t *testing.T) {
	source := newMemory(map[string]string{
		"kustomization.yaml": "resources: [d.yaml]\npatches: [{path: \"https://example.com/p.yaml\", target: {kind: Deployment}}]\n", "d.yaml": deployment,
	})
	source.trees["h1"] = map[string]string{"p.yaml": "- {op: add, path: /spec/paused, value: true}\n"}
	source.remotes["http https://example.com/p.yaml"] = Mounted{"h1", "p.yaml"}
	expectParts(t, "patch", objectsOf(t, source, kustomizeParams{}), `"paused":true`)
}

func TestARemoteThatIsNotAllowedEndsTheBuildInTheParentsWords(t *testing.T) {
	for name, row := range map[string]struct{ field, entry string }{
		"a repository":             {"resources", "https://user:pass@host.example/org/repo//base?ref=v1"},
		"a file":                   {"resources", "https://user:pass@host.example/x.yaml"},
		"a bare host":              {"resources", "github.com/org/repo"},
		"a metadata address":       {"resources", "http://169.254.169.254/latest/meta-data"},
		"ssh":                      {"bases", "git@host.example:org/repo.git"},
		"a repository on a disk":   {"resources", "file:///etc/secrets"},
		"a component":              {"components", "https://host.example/org/repo//c"},
		"a generator":              {"generators", "https://host.example/org/repo//g"},
		"a transformer":            {"transformers", "https://host.example/t.yaml"},
		"a validator":              {"validators", "https://host.example/v.yaml"},
		"a CRD":                    {"crds", "https://host.example/crd.json"},
		"a configuration":          {"configurations", "https://host.example/config.yaml"},
		"a git:: repository":       {"resources", "git::https://host.example/org/repo"},
		"a repository in capitals": {"resources", "HTTPS://host.example/org/repo"},
		"a field in capitals":      {"RESOURCES", "https://host.example/org/repo"},
	} {
		text := fmt.Sprintf("%s: [\"%s\"]\nnamePrefix: x\n", row.field, row.entry)
		_, fault := built(t, newMemory(map[string]string{"app/kustomization.yaml": text}), kustomizeParams{Path: "app"})
		switch {
		case fault == nil:
			t.Errorf("%s: built", name)
		case !strings.Contains(fault.Message, "the project does not allow this source") && !strings.Contains(fault.Message, "file: URLs are not allowed"):
			t.Errorf("%s: %v", name, fault)
		case strings.Contains(fault.Message, "pass@"):
			t.Errorf("%s: a password in %v", name, fault)
		}
	}
}

func TestFetchedTreesAreConfined(t *testing.T) {
	for name, files := range map[string]map[string]string{
		"a base above its root":    {"base/kustomization.yaml": "resources: [../../x]\n"},
		"a file above its root":    {"base/kustomization.yaml": "resources: [../../secret.yaml]\n"},
		"a remote it may not have": {"base/kustomization.yaml": "resources: [\"https://other.example/org/repo\"]\n"},
		"a file of the machine":    {"base/kustomization.yaml": "configMapGenerator: [{name: a, files: [/etc/passwd]}]\n"},
		"itself":                   {"base/kustomization.yaml": "resources: [\"https://host.example/org/repo//base\"]\n"},
		"a link out of it":         {"base/kustomization.yaml": "resources: [l.yaml]\n", "base/l.yaml": "-> ../../secret.yaml"},
	} {
		for _, loose := range []bool{false, true} {
			source := newMemory(map[string]string{
				"app/kustomization.yaml": "resources: [\"https://host.example/org/repo//base\"]\n", "secret.yaml": deployment,
			})
			source.trees["g1"] = files
			source.remotes["git https://host.example/org/repo//base"] = Mounted{"g1", "base"}
			answer, fault := built(t, source, kustomizeParams{Path: "app", LoadRestrictorNone: loose})
			if fault == nil {
				t.Errorf("%s: %s", name, answer.Manifests)
			} else if strings.Contains(fault.Message, unguessable) {
				t.Errorf("%s: %v", name, fault)
			}
		}
	}
}

func TestAChainOfRemotesEnds(t *testing.T) {
	source := newMemory(map[string]string{"kustomization.yaml": "resources: [\"https://host.example/org/repo?ref=0\"]\n"})
	for i := range 200 {
		mount := fmt.Sprintf("g%d", i)
		source.trees[mount] = map[string]string{"kustomization.yaml": fmt.Sprintf("resources: [\"https://host.example/org/repo?ref=%d\"]\n", i+1)}
		source.remotes[fmt.Sprintf("git https://host.example/org/repo?ref=%d", i)] = Mounted{mount, ""}
	}
	if _, fault := built(t, source, kustomizeParams{}); fault == nil || fault.Code != CodeTooLarge {
		t.Errorf("%v", fault)
	}
}

// The rows were taken from kustomize's own parser.
func TestRepositoriesAreToldFromFolders(t *testing.T) {
	for text, want := range map[string]string{
		"https://github.com/org/repo": "https://github.com/org/repo", "https://github.com/org/repo/a/b?ref=x": "https://github.com/org/repo",
		"https://host/a/b.git/c": "https://host/a/b.git", "https://host/a//b": "https://host/a", "https://host/p/_git/r/x": "https://host/p/_git/r",
		"github.com:org/repo": "github.com:org/repo", "GitHub.com/org/repo/x": "GitHub.com/org/repo", "git@host:org/repo": "git@host:org/repo",
		"ssh://git@host/org/repo": "ssh://host/org/repo", "file:///a/b": "file:///a/b", "git::https://host/a/b": "git::https://host/a/b",
	} {
		if got, is := remoteRepository(text); !is || got != want {
			t.Errorf("%s: %s %v", text, got, is)
		}
	}
	for _, text := range []string{
		"../base", "base", "gitlab.com/org/repo", "https://host/x", "https://host", "/abs", "github.com/org", "https://host/a/b//../../x", "", "ftp://host/a/b",
		"https:///a/b", "example.com/a@b/c",
	} {
		if got, is := remoteRepository(text); is {
			t.Errorf("%s: %s", text, got)
		}
	}
}
