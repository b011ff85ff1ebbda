package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// templated renders with us; a fault is what the parent would get.
func templated(t *testing.T, source Source, params helmParams) (*Answer, *Fault) {
	t.Helper()
	if params.ReleaseName == "" {
		params.ReleaseName = "rel"
	}
	if params.Namespace == "" {
		params.Namespace = "space"
	}
	if params.ChartBytes == 0 {
		params.ChartBytes = 1 << 20
	}
	if params.Limits == (directoryLimits{}) {
		params.Limits = manyFiles()
	}
	raw, err := json.Marshal(params)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := renderHelm(raw, source)
	if err != nil {
		return nil, asFault(err)
	}
	return answer, nil
}

// helmOracle is the `helm` command of the library's version.
func helmOracle(t *testing.T) string {
	t.Helper()
	return oracleNamed(t, "HELM", "helm")
}

// askHelm runs the command on the folder "app" as Argo CD does; what its dependencies need is built first.
func askHelm(t *testing.T, program string, given oracleCase) (printed []byte, failure string) {
	t.Helper()
	root := t.TempDir()
	layOut(t, root, given.files)
	run := func(arguments ...string) string {
		var stdout, stderr bytes.Buffer
		command := exec.Command(program, arguments...)
		command.Dir, command.Env = root, []string{"PATH=/nowhere", "HOME=" + root + "/home"}
		command.Stdout, command.Stderr = &stdout, &stderr
		command.WaitDelay = time.Minute
		err := command.Run()
		printed = stdout.Bytes()
		if err == nil {
			return ""
		}
		_, message, _ := strings.Cut("\n"+stderr.String(), "\nError: ")
		message, _, _ = strings.Cut(message, "\n\nUse --debug")
		return strings.TrimSpace(strings.ReplaceAll(message, root+"/", ""))
	}
	if len(given.edits) > 0 {
		if failure := run(append([]string{"dependency"}, given.edits[0]...)...); failure != "" {
			return nil, failure
		}
	}
	options := []string{"template", "rel", "app", "--namespace", "space", "--include-crds", "--kube-version", "v1.36.3"}
	failure = run(append(options, given.build...)...)
	return printed, failure
}

func layOut(t *testing.T, root string, files map[string]string) {
	t.Helper()
	for name, text := range files {
		place := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		target, isLink := strings.CutPrefix(text, linkMark)
		var err error
		if isLink {
			err = os.Symlink(strings.TrimSpace(target), place)
		} else {
			err = os.WriteFile(place, []byte(text), 0o644)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestRenderingsEqualTheCommands(t *testing.T) {
	program := helmOracle(t)
	names, err := filepath.Glob("testdata/helm/*.txt")
	if err != nil || len(names) < 40 {
		t.Fatalf("%d cases %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			given := readCase(t, name)
			var params helmParams
			if err := json.Unmarshal([]byte(given.params), &params); err != nil {
				t.Fatal(err)
			}
			params.Chart.Path = "app"
			source := newMemory(given.files)
			for file, text := range source.trees[""] {
				if target, isLink := strings.CutPrefix(text, linkMark); isLink {
					source.trees[""][file] = linkMark + strings.TrimSpace(target)
				}
			}
			answer, fault := templated(t, source, params)
			printed, failure := askHelm(t, program, given)
			if fault != nil || failure != "" {
				if fault == nil || fault.Message != failure {
					t.Fatalf("ours:\n%v\nthe command's:\n%s", fault, failure)
				}
				return
			}
			ours, theirs := fromJSON(t, answer.Manifests), decoded(t, printed)
			if !reflect.DeepEqual(ours, theirs) {
				a, _ := json.MarshalIndent(ours, "", " ")
				b, _ := json.MarshalIndent(theirs, "", " ")
				t.Errorf("ours:\n%s\nthe command's:\n%s", a, b)
			}
			if len(ours) == 0 {
				t.Error("a case that gives nothing shows nothing")
			}
		})
	}
}
