package main

import (
	"bytes"
	"context"
	"encoding/json"

	"github.com/itchyny/gojq"
)

// cutByJQ takes out of each object what its path expressions name. Argo CD: `del(expression)`, one after the other; one
// that fails on an object, as when it walks through what is not there, takes nothing away.
func cutByJQ(params json.RawMessage, _ Source) (*Answer, error) {
	compiled := map[string]*gojq.Code{}
	return eachRun(params, func(ctx context.Context, run run) outcome {
		object, err := numbersKept(run.Object)
		if err != nil {
			return outcome{Fault: "the object is no JSON"}
		}
		for _, program := range run.Programs {
			code, known := compiled[program]
			if !known {
				if code, err = compile(program); err != nil {
					return outcome{Fault: "it is no jq path expression: " + err.Error(), Program: program}
				}
				compiled[program] = code
			}
			value, given := code.RunWithContext(ctx, object).Next()
			if err, failed := value.(error); failed {
				if stopped(ctx, err) {
					return outcome{Fault: "it did not end within a second", Program: program, Endless: true}
				}
				continue
			}
			if given {
				object = value
			}
		}
		return outcome{Value: object}
	})
}

func compile(program string) (*gojq.Code, error) {
	query, err := gojq.Parse("del(" + program + ")")
	if err != nil {
		return nil, err
	}
	return gojq.Compile(query)
}

// numbersKept reads JSON without turning large integers into floats.
func numbersKept(data json.RawMessage) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var value any
	err := decoder.Decode(&value)
	return value, err
}
