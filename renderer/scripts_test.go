package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

func outcomes(t *testing.T, kind string, runs ...map[string]any) []outcome {
	t.Helper()
	params, err := json.Marshal(map[string]any{"runs": runs})
	if err != nil {
		t.Fatal(err)
	}
	answer, err := languages[kind](params, nil)
	if err != nil {
		t.Fatal(err)
	}
	var found []outcome
	if err := json.Unmarshal(answer.Manifests, &found); err != nil {
		t.Fatal(err)
	}
	if len(found) != len(runs) || len(answer.Origins) != len(runs) {
		t.Fatalf("%d outcomes of %d runs", len(found), len(runs))
	}
	return found
}

func cut(object string, programs ...string) map[string]any {
	return map[string]any{"programs": programs, "object": json.RawMessage(object)}
}

func TestWhatAnExpressionNamesIsTakenAway(t *testing.T) {
	for _, c := range []struct {
		object   string
		programs []string
		want     string
	}{
		{`{"a":1,"b":2}`, []string{".a"}, `{"b":2}`},
		{`{"c":[{"name":"x"},{"name":"y"}]}`, []string{`.c[] | select(.name == "x")`}, `{"c":[{"name":"y"}]}`},
		{`{"a":1}`, []string{".b.c"}, `{"a":1}`},
		{`{"a":1}`, []string{".a[].b", ".a"}, `{}`},
		{`{"n":12345678901234567}`, []string{".x"}, `{"n":12345678901234567}`},
	} {
		params, _ := json.Marshal(map[string]any{"runs": []any{cut(c.object, c.programs...)}})
		answer, err := cutByJQ(params, nil)
		if err != nil {
			t.Fatal(err)
		}
		if want := `[{"value":` + c.want + `,`; !strings.HasPrefix(string(answer.Manifests), want) {
			t.Errorf("%v of %s: %s", c.programs, c.object, answer.Manifests)
		}
	}
}

func TestAnExpressionThatIsNoneIsNamed(t *testing.T) {
	found := outcomes(t, "jq-cut", cut(`{}`, ".ok", ".a["), cut(`{}`, "nowhere"))
	for i, program := range []string{".a[", "nowhere"} {
		if found[i].Program != program || found[i].Endless || !strings.Contains(found[i].Fault, "no jq path") {
			t.Errorf("%+v", found[i])
		}
	}
}

func TestAProgramThatNeverEndsIsStoppedOnceAndNotTriedAgain(t *testing.T) {
	loops := map[string]string{"jq-cut": "last(repeat(.a))", "lua": "while true do end"}
	for kind, program := range loops {
		begin := time.Now()
		found := outcomes(t, kind, cut(`{"a":1}`, program), cut(`{"a":2}`, program), cut(`{"a":3}`, loops[kind]))
		if took := time.Since(begin); took > 3*time.Second {
			t.Errorf("%s took %s", kind, took)
		}
		for _, one := range found {
			if !one.Endless || one.Program != program {
				t.Errorf("%s: %+v", kind, one)
			}
		}
	}
}

func TestALuaProgramSeesTheObjectAndReturnsATable(t *testing.T) {
	program := `
		hs = {}
		for i, c in ipairs(obj.status.conditions) do
			if c.type == "Ready" then hs.status = "Healthy"; hs.message = c.message end
		end
		return hs`
	object := `{"status":{"conditions":[{"type":"Other"},{"type":"Ready","message":"done"}]}}`
	value := outcomes(t, "lua", cut(object, program))[0].Value.(map[string]any)
	if value["status"] != "Healthy" || value["message"] != "done" {
		t.Errorf("%v", value)
	}
}

func TestWhatALuaProgramMayNotDoIsAFault(t *testing.T) {
	for program, want := range map[string]string{
		`return string.find("a", "a")`:    "string",
		`os.execute("true")`:              "attempt to call",
		`error("no")`:                     "no",
		`local t = {}; t.t = t; return t`: "nested deeper",
		`return function() end`:           "function",
	} {
		found := outcomes(t, "lua", cut(`{}`, program))[0]
		if !strings.Contains(found.Fault, want) || found.Endless {
			t.Errorf("%s: %+v", program, found)
		}
	}
}

func TestAllLibrariesAreThereWhereTheSettingsSaySo(t *testing.T) {
	run := cut(`{}`, `return {found = string.find("ab", "b")}`)
	run["open_libs"] = true
	if value := outcomes(t, "lua", run)[0].Value.(map[string]any); value["found"] != 2.0 {
		t.Errorf("%v", value)
	}
}

func TestNothingReturnedIsNull(t *testing.T) {
	for _, program := range []string{"", "return nil", "local x = 1"} {
		if found := outcomes(t, "lua", cut(`{}`, program))[0]; found.Value != nil || found.Fault != "" {
			t.Errorf("%q: %+v", program, found)
		}
	}
}
