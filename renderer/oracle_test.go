package main

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

// oracle gives the `kustomize` command of the library's version.
func oracle(t *testing.T) string {
	t.Helper()
	return oracleNamed(t, "KUSTOMIZE", "kustomize")
}

// oracleNamed gives a command of a library's version, which the set-up builds; in CI it must be there.
func oracleNamed(t *testing.T, variable, name string) string {
	t.Helper()
	program := os.Getenv(variable)
	if program == "" {
		program, _ = filepath.Abs("../.build/bin/" + name)
	}
	if _, err := os.Stat(program); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("no oracle in CI: %v", err)
		}
		t.Skipf("no oracle: %v", err)
	}
	return program
}

// oracleCase is a file of testdata/kustomize: words about it, what we are told (params) and what the command is told
// (edit, build) of the folder "app", and the files.
type oracleCase struct {
	params string
	edits  [][]string
	build  []string
	files  map[string]string
}

func readCase(t *testing.T, name string) oracleCase {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	parts := strings.Split("\n"+string(text), "\n-- ")
	read := oracleCase{params: "{}", files: map[string]string{}}
	for line := range strings.Lines(parts[0]) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
		switch key {
		case "params":
			read.params = value
		case "edit":
			read.edits = append(read.edits, words(value))
		case "build":
			read.build = words(value)
		}
	}
	for _, part := range parts[1:] {
		file, content, _ := strings.Cut(part, " --\n")
		read.files[file] = content + "\n"
	}
	return read
}

// words splits a command line, in which one argument may stand in quotes.
func words(line string) []string {
	before, quoted, found := strings.Cut(line, " '")
	all := strings.Fields(before)
	if found {
		all = append(all, strings.TrimSuffix(quoted, "'"))
	}
	return all
}

// ask runs the command as Argo CD does: its edits in the folder, then the build. It gives what was printed, or the error.
func ask(t *testing.T, program string, given oracleCase) (printed []byte, failure string) {
	t.Helper()
	root := t.TempDir()
	for name, text := range given.files {
		place := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(place), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(place, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	commands := [][]string{}
	for _, edit := range given.edits {
		commands = append(commands, append([]string{"edit"}, edit...))
	}
	if slices.Contains(given.build, "--enable-helm") {
		given.build = append(given.build, "--helm-command", helmOracle(t), "--helm-kube-version", "v1.36.3")
	}
	for _, arguments := range append(commands, append([]string{"build", "."}, given.build...)) {
		var stdout, stderr bytes.Buffer
		command := exec.Command(program, arguments...)
		command.Dir, command.Env = filepath.Join(root, "app"), []string{"PATH=/nowhere"}
		command.Stdout, command.Stderr = &stdout, &stderr
		command.WaitDelay = time.Minute
		if command.Run() != nil {
			message, _, _ := strings.Cut(stderr.String(), "\nUsage:")
			message = strings.TrimPrefix(strings.TrimSpace(message), "Error: ")
			return nil, strings.NewReplacer(root+"/", "", root, ".").Replace(message)
		}
		printed = stdout.Bytes()
	}
	return printed, ""
}

// decoded gives the objects of a printed stream.
func decoded(t *testing.T, printed []byte) []any {
	t.Helper()
	collected := newCollector(manyFiles())
	if fault := collected.yamlFile(printed); fault != nil {
		t.Fatal(fault)
	}
	return fromJSON(t, collected.answer().Manifests)
}

func fromJSON(t *testing.T, text []byte) []any {
	t.Helper()
	var objects []any
	if err := json.Unmarshal(text, &objects); err != nil {
		t.Fatal(err)
	}
	return objects
}

func TestBuildsEqualTheCommands(t *testing.T) {
	program := oracle(t)
	names, err := filepath.Glob("testdata/kustomize/*.txt")
	if err != nil || len(names) < 50 {
		t.Fatalf("%d cases %v", len(names), err)
	}
	for _, name := range names {
		t.Run(strings.TrimSuffix(filepath.Base(name), ".txt"), func(t *testing.T) {
			given := readCase(t, name)
			params := kustomizeParams{Limits: manyFiles()}
			if err := json.Unmarshal([]byte(given.params), &params); err != nil {
				t.Fatal(err)
			}
			params.Path = "app"
			answer, fault := built(t, newMemory(given.files), params)
			printed, failure := ask(t, program, given)
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
		})
	}
}
