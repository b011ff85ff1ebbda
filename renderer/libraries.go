package main

// The languages' official libraries; each line goes when the file of its language takes it up.
import (
	_ "github.com/itchyny/gojq"
	_ "github.com/yuin/gopher-lua"
)
