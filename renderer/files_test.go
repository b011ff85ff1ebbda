package main

import (
	"encoding/json"
	"reflect"
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
	if paths, err := files.Glob("", "env/*.yaml"); err != nil || strings.Join(paths, " ") != "env/a.yaml" {
		t.Errorf("%v %v", paths, err)
	}
	if _, err := files.Glob("", "../*"); asFault(err).Code != CodePathEscapes {
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
		if contents, err := (&Files{conn: child}).Read("", []string{"a"}, 100); err == nil {
			t.Errorf("%v: %v", reply, contents)
		}
	}
}

func TestAPanicOfALibraryIsAnErrorOfItsRequestOnly(t *testing.T) {
	before := languages["directory"]
	defer func() { languages["directory"] = before }()
	languages["directory"] = func(_ json.RawMessage, _ Source) (*Answer, error) { panic("secret") }
	_, err := render(nil, Request{Kind: "directory"})
	if fault := asFault(err); fault.Code != CodeInternal || strings.Contains(fault.Message, "secret") {
		t.Errorf("%+v", fault)
	}
	if _, err := render(nil, Request{Kind: "cobol"}); asFault(err).Code != CodeNotSupported {
		t.Errorf("%v", err)
	}
}

func TestEveryQuestionIsWordedAsTheParentReadsIt(t *testing.T) {
	for _, row := range []struct {
		ask           func(s Source) (any, error)
		wants, answer string
		gives         any
	}{
		{
			func(s Source) (any, error) {
				return s.Fetch(Remote{Kind: "chart", URL: "https://x", Name: "n", Version: "^1"})
			},
			`{"ask":"fetch","remote":{"kind":"chart","url":"https://x","name":"n","version":"^1"}}`, `{"mount":"m","path":"p"}`, Mounted{"m", "p"},
		},
		{func(s Source) (any, error) { return s.KubeVersion() }, `{"ask":"kube_version"}`, `{"text":"v1.36.3"}`, "v1.36.3"},
		{func(s Source) (any, error) { return s.HasAPI("v1/Pod") }, `{"ask":"has_api","name":"v1/Pod"}`, `{"yes":true}`, true},
		{func(s Source) (any, error) { return s.APIVersions() }, `{"ask":"api_versions"}`, `{"names":["v1"]}`, []string{"v1"}},
		{
			func(s Source) (any, error) { return s.Unwrap([]WrappedKey{{"age", "r", "c"}}) },
			`{"ask":"unwrap","keys":[{"type":"age","recipient":"r","ciphertext":"c"}]}`, `{"data":"a2V5"}`, []byte("key"),
		},
		{
			func(s Source) (any, error) { return s.List("ref", "a") },
			`{"ask":"list","mount":"ref","path":"a"}`, `{"entries":[{"name":"n","type":"dir"}]}`, []Entry{{"n", "dir"}},
		},
	} {
		child, parent := pipes(t)
		asked := make(chan string, 1)
		go func() {
			question, _ := parent.ReceiveRaw()
			asked <- string(question)
			parent.SendRaw([]byte(row.answer))
		}()
		got, err := row.ask(&Files{conn: child})
		if question := <-asked; err != nil || !reflect.DeepEqual(got, row.gives) || question != row.wants {
			t.Errorf("%s: %v %v, asked %s", row.wants, got, err, question)
		}
	}
}

func TestAReadTellsWhereALinkLed(t *testing.T) {
	child, parent := pipes(t)
	go func() {
		parent.ReceiveRaw()
		parent.SendRaw([]byte(`{"files":[{"size":1,"at":"real/a"},{"size":0,"error":{"code":"not-a-file","message":"a folder"},"at":"real"}]}`))
		parent.SendRaw([]byte("x"))
	}()
	contents, err := (&Files{conn: child}).Read("", []string{"l", "k"}, 100)
	if err != nil || contents[0].At != "real/a" || string(contents[0].Data) != "x" || contents[1].At != "real" || contents[1].Fault == nil {
		t.Errorf("%+v %v", contents, err)
	}
}
