package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
)

// Scripts are small programs of users that are run on single objects: jq path expressions that name what is not to be
// compared, and Lua programs that judge health. Each run has its own time and its own verdict, so that one that never
// ends, or that fails on one object, says nothing about the others.

// Argo CD gives each a second. All of one request have a time together, so that many slow ones keep nobody waiting.
const (
	oneScript  = time.Second
	allScripts = 5 * time.Second
)

// run is one program, or several, on one object.
type run struct {
	Programs []string        `json:"programs"`
	Object   json.RawMessage `json:"object"`
	OpenLibs bool            `json:"open_libs"`
}

// outcome is what came of one run. Endless: it was stopped, or not begun, because a program takes too long.
type outcome struct {
	Value   any    `json:"value"`
	Fault   string `json:"fault"`
	Program string `json:"program"`
	Endless bool   `json:"endless"`
}

type scriptParams struct {
	Runs []run `json:"runs"`
}

// eachRun runs everything in order. A program that did not end once is not tried again within the request.
func eachRun(params json.RawMessage, evaluate func(context.Context, run) outcome) (*Answer, error) {
	var given scriptParams
	if err := json.Unmarshal(params, &given); err != nil {
		return nil, &Fault{Code: CodeInvalid, Message: "parameters of scripts that do not read"}
	}
	endless, until := map[string]bool{}, time.Now().Add(allScripts)
	results := make([]json.RawMessage, 0, len(given.Runs))
	for _, run := range given.Runs {
		result := outcome{}
		if program := first(run.Programs, endless); program != "" {
			result = outcome{Fault: "not tried: it did not end on another object", Program: program, Endless: true}
		} else if time.Now().After(until) {
			result = outcome{Fault: "not tried: the scripts before it took too long", Endless: true}
		} else {
			result = timed(run, evaluate)
		}
		if result.Endless && result.Program != "" {
			endless[result.Program] = true
		}
		encoded, err := encode(result)
		if err != nil {
			return nil, err
		}
		results = append(results, encoded)
	}
	return listed(results)
}

func timed(run run, evaluate func(context.Context, run) outcome) outcome {
	ctx, cancel := context.WithTimeout(context.Background(), oneScript)
	defer cancel()
	return evaluate(ctx, run)
}

func first(programs []string, endless map[string]bool) string {
	for _, program := range programs {
		if endless[program] {
			return program
		}
	}
	return ""
}

// stopped tells an error of the clock from one of the program.
func stopped(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, context.DeadlineExceeded)
}

func encode(value any) (json.RawMessage, error) {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return nil, &Fault{Code: CodeInvalid, Message: "a script gave a value that is no JSON"}
	}
	return bytes.TrimSpace(out.Bytes()), nil
}

func listed(values []json.RawMessage) (*Answer, error) {
	manifests, err := encode(values)
	if err != nil {
		return nil, err
	}
	return &Answer{Manifests: manifests, Origins: make([]Origin, len(values)), Warnings: []Warning{}, FactsUsed: []string{}}, nil
}
