package main

import (
	"bytes"
	"encoding/json"
	"os"
	"reflect"
	"strings"
	"testing"

	sigsyaml "sigs.k8s.io/yaml"
)

// testdata/scalars.tsv: a JSON string with the text after "v: ", a tab, and what `kubectl label --local -o json` printed.
func TestScalarsReadAsKubectlReadsThem(t *testing.T) {
	for _, row := range goldenScalars(t) {
		got, fault := readOne("apiVersion: example.com/v1\nkind: Foo\nmetadata: {name: a}\nv: " + row.input + "\n")
		if fault != nil {
			if row.want != "error" {
				t.Errorf("%q: %s, want %s", row.input, fault.Message, row.want)
			}
			continue
		}
		if row.want == "error" || !reflect.DeepEqual(exact(t, got), exact(t, []byte(row.want))) {
			t.Errorf("%q: %s, want %s", row.input, got, row.want)
		}
	}
}

// The official converter is the second oracle, here for what it does to a document as a whole.
func TestDocumentsConvertAsTheOfficialLibraryConvertsThem(t *testing.T) {
	for _, text := range []string{
		"a: 1\nb:\n- x\n- {y: [1, 2.5, null]}\n",
		"base: &b {x: 1, y: 2}\nown: {<<: *b, x: 3}\nafter: {x: 3, <<: *b}\n",
		"one: &a {k: 1}\ntwo: &b {k: 2, l: 2}\nboth: {<<: [*a, *b]}\n",
		"text: |\n  a\n  b\nfolded: >-\n  a\n  b\nkeep: |+\n  a\n\n",
		"a: 1\na: 2\n",
		"\"q\\\"\\u0001\\u2028\": \"<&>\\n\\t\\\\\"\n",
		"a: [&x {b: 1}, *x, *x]\n",
	} {
		value, _, fault := parseYAML(document{[]byte(text), 1})
		if fault != nil {
			t.Fatalf("%q: %s", text, fault.Message)
		}
		writer := jsonWriter{maxBytes: 1 << 20, maxDepth: 100}
		if fault := writer.write(value, 1); fault != nil {
			t.Fatalf("%q: %s", text, fault.Message)
		}
		want, err := sigsyaml.YAMLToJSON([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		if !reflect.DeepEqual(exact(t, writer.out), exact(t, want)) {
			t.Errorf("%q: %s, want %s", text, writer.out, want)
		}
	}
}

type golden struct{ input, want string }

func goldenScalars(t *testing.T) []golden {
	data, err := os.ReadFile("testdata/scalars.tsv")
	if err != nil {
		t.Fatal(err)
	}
	var rows []golden
	for line := range strings.Lines(string(data)) {
		input, want, _ := strings.Cut(strings.TrimSuffix(line, "\n"), "\t")
		var text string
		if err := json.Unmarshal([]byte(input), &text); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		rows = append(rows, golden{text, want})
	}
	if len(rows) < 150 {
		t.Fatalf("only %d golden scalars", len(rows))
	}
	return rows
}

// readOne gives field v of a text with one document.
func readOne(text string) (json.RawMessage, *Fault) {
	collected := newCollector(testLimits)
	if fault := collected.candidate(candidate{path: "a.yaml"}, Content{Data: []byte(text)}); fault != nil {
		return nil, fault
	}
	var objects []struct {
		V json.RawMessage `json:"v"`
	}
	if err := json.Unmarshal(collected.answer().Manifests, &objects); err != nil {
		return nil, &Fault{Message: err.Error()}
	}
	return objects[0].V, nil
}

// exact keeps numbers as they are written.
func exact(t *testing.T, text []byte) any {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	var value any
	if err := decoder.Decode(&value); err != nil {
		t.Fatalf("%q: %v", text, err)
	}
	return value
}
