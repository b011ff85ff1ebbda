package main

import (
	"context"
	"encoding/json"
	"fmt"
	"math"

	lua "github.com/yuin/gopher-lua"
)

const (
	luaCallDepth = 256
	luaDepth     = 100
)

// runLua runs each program with its object as `obj` and gives what it returns. Argo CD: the libraries are base, table
// and the harmless part of os, or all of them where the settings say so.
func runLua(params json.RawMessage, _ Source) (*Answer, error) {
	return eachRun(params, func(ctx context.Context, run run) outcome {
		var object any
		if err := json.Unmarshal(run.Object, &object); err != nil || len(run.Programs) != 1 {
			return outcome{Fault: "one program and one object are wanted"}
		}
		value, err := called(ctx, run.Programs[0], object, run.OpenLibs)
		switch {
		case err != nil && stopped(ctx, err):
			return outcome{Fault: "it did not end within a second", Program: run.Programs[0], Endless: true}
		case err != nil:
			return outcome{Fault: err.Error(), Program: run.Programs[0]}
		}
		return outcome{Value: value}
	})
}

func called(ctx context.Context, program string, object any, openLibs bool) (any, error) {
	state := lua.NewState(lua.Options{SkipOpenLibs: !openLibs, CallStackSize: luaCallDepth})
	defer state.Close()
	if !openLibs {
		if err := openHarmless(state); err != nil {
			return nil, err
		}
	}
	state.SetContext(ctx)
	state.SetGlobal("obj", toLua(state, object))
	if err := state.DoString(program); err != nil {
		return nil, shortened(err)
	}
	if state.GetTop() == 0 {
		return nil, nil
	}
	return fromLua(state.Get(-1), 0)
}

func openHarmless(state *lua.LState) error {
	libraries := []struct {
		name string
		open lua.LGFunction
	}{{lua.LoadLibName, lua.OpenPackage}, {lua.BaseLibName, lua.OpenBase}, {lua.TabLibName, lua.OpenTable}, {lua.OsLibName, openClock}}
	for _, library := range libraries {
		call := lua.P{Fn: state.NewFunction(library.open), NRet: 0, Protect: true}
		if err := state.CallByParam(call, lua.LString(library.name)); err != nil {
			return err
		}
	}
	return nil
}

// openClock is the part of os that only tells the time.
func openClock(state *lua.LState) int {
	lua.OpenOs(state)
	library := state.CheckTable(-1)
	var others []lua.LValue
	library.ForEach(func(name, _ lua.LValue) {
		if text := name.String(); text != "time" && text != "date" {
			others = append(others, name)
		}
	})
	for _, name := range others {
		library.RawSet(name, lua.LNil)
	}
	return 1
}

// shortened leaves out the trace: it is long, and the first line says what went wrong.
func shortened(err error) error {
	if failure, ok := err.(*lua.ApiError); ok && failure.Object != nil {
		return fmt.Errorf("%s", failure.Object.String())
	}
	return err
}

func toLua(state *lua.LState, value any) lua.LValue {
	switch value := value.(type) {
	case map[string]any:
		table := state.CreateTable(0, len(value))
		for name, item := range value {
			table.RawSetString(name, toLua(state, item))
		}
		return table
	case []any:
		table := state.CreateTable(len(value), 0)
		for _, item := range value {
			table.Append(toLua(state, item))
		}
		return table
	case string:
		return lua.LString(value)
	case float64:
		return lua.LNumber(value)
	case bool:
		return lua.LBool(value)
	default:
		return lua.LNil
	}
}

// fromLua reads a table as a list if it counts from one, else as an object.
func fromLua(value lua.LValue, depth int) (any, error) {
	if depth > luaDepth {
		return nil, fmt.Errorf("it returned a table that is nested deeper than %d levels", luaDepth)
	}
	switch value := value.(type) {
	case lua.LBool:
		return bool(value), nil
	case lua.LString:
		return string(value), nil
	case lua.LNumber:
		if number := float64(value); !math.IsNaN(number) && !math.IsInf(number, 0) {
			return number, nil
		}
		return nil, fmt.Errorf("it returned a number that is none")
	case *lua.LTable:
		return fromTable(value, depth)
	case *lua.LNilType:
		return nil, nil
	default:
		return nil, fmt.Errorf("it returned a %s", value.Type())
	}
}

func fromTable(table *lua.LTable, depth int) (any, error) {
	if count := table.MaxN(); count > 0 {
		list := make([]any, 0, count)
		for i := 1; i <= count; i++ {
			item, err := fromLua(table.RawGetInt(i), depth+1)
			if err != nil {
				return nil, err
			}
			list = append(list, item)
		}
		return list, nil
	}
	object := map[string]any{}
	var failure error
	table.ForEach(func(key, value lua.LValue) {
		item, err := fromLua(value, depth+1)
		if err != nil {
			failure = err
		}
		object[key.String()] = item
	})
	return object, failure
}
