package main

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestAGlobIsAskedFor(t *testing.T) {
	child, parent := pipes(t)
	go func() {
		var ask map[string]any
		parent.Receive(&ask)
		if ask["ask"] == "glob" && ask["pattern"] == "env/*.yaml" {
			parent.Send(map[string]any{"paths": []string{"env/a.yaml"}})
		}
		parent.Receive(&ask)
		parent.Send(map[string]any{"error": Fault{Code: CodePathEscapes, Message: "no"}})
	}()
	files := &Files{conn: child}
	if paths, err := files.Glob("env/*.yaml"); err != nil || strings.Join(paths, " ") != "env/a.yaml" {
		t.Errorf("%v %v", paths, err)
	}
	if _, err := files.Glob("../*"); asFault(err).Code != CodePathEscapes {
		t.Errorf("%v", err)
	}
}

func TestAReadThatDoesNotAddUpIsRefused(t *testing.T) {
	for _, reply := range []map[string]any{
		{"files": []map[string]any{{"size": 4}}},
		{"files": []map[string]any{{"size": -1}}},
		{"files": []map[string]any{}},
	} {
		child, parent := pipes(t)
		go func() {
			var ask map[string]any
			parent.Receive(&ask)
			parent.Send(reply)
			parent.SendRaw([]byte("abc"))
		}()
		if contents, err := (&Files{conn: child}).Read([]string{"a"}, 100); err == nil {
			t.Errorf("%v: %v", reply, contents)
		}
	}
}

func TestAPanicOfALibraryIsAnErrorOfItsRequestOnly(t *testing.T) {
	before := languages["directory"]
	defer func() { languages["directory"] = before }()
	languages["directory"] = func(_ json.RawMessage, _ *Files) (*Answer, error) { panic("secret") }
	_, err := render(nil, Request{Kind: "directory"})
	if fault := asFault(err); fault.Code != CodeInternal || strings.Contains(fault.Message, "secret") {
		t.Errorf("%+v", fault)
	}
	if _, err := render(nil, Request{Kind: "helm"}); asFault(err).Code != CodeNotSupported {
		t.Errorf("%v", err)
	}
}
