// Command renderer evaluates other people's configuration languages with their official libraries.
//
// It decides nothing and knows nothing of Applications. It speaks one length-prefixed JSON protocol over stdin and
// stdout (protocol.go), asks its parent for every file it reads (files.go), and before it takes the first request it
// gives up the right to open, connect and execute (sandbox_linux.go). One request is served at a time; whatever cannot
// be recovered kills the process, and the parent starts another.
//
// The runtime is told not to watch its cgroup: it would keep that file open and read it again inside the sandbox.
//
//go:debug containermaxprocs=0
//go:debug updatemaxprocs=0
package main

import (
	"encoding/json"
	"fmt"
	"os"
	"runtime/debug"
)

// languages is the table of what this program renders.
var languages = map[string]func(params json.RawMessage, source Source) (*Answer, error){
	"directory":   renderDirectory,
	"go-template": fillGoTemplates,
	"helm":        renderHelm,
	"jq-cut":      cutByJQ,
	"kustomize":   renderKustomize,
	"lua":         runLua,
	"unwrap":      unwrapKeys,
}

func main() {
	// A crash is reported by its first line; goroutine dumps could carry rendered content into the parent's log.
	debug.SetTraceback("none")
	conn := &Conn{in: 0, out: 1}
	if err := serve(conn); err != nil {
		fmt.Fprintln(os.Stderr, "renderer:", err)
		os.Exit(1)
	}
}

// serve shakes hands, enters the sandbox and answers requests until the parent closes the pipe.
func serve(conn *Conn) error {
	var hello Hello
	if err := conn.Receive(&hello); err != nil {
		return fmt.Errorf("no handshake: %w", err)
	}
	if hello.Protocol != ProtocolVersion {
		return fmt.Errorf("protocol %d asked for, %d spoken", hello.Protocol, ProtocolVersion)
	}
	sandbox, err := enterSandbox(hello.Limits)
	if err != nil {
		return fmt.Errorf("sandbox: %w", err)
	}
	if err := conn.Send(welcome(sandbox)); err != nil {
		return err
	}
	for {
		var request Request
		if err := conn.Receive(&request); err != nil {
			return ended(err)
		}
		if err := answer(conn, request, hello.Limits); err != nil {
			return err
		}
	}
}

func answer(conn *Conn, request Request, limits ProcessLimits) error {
	limitRequestCPU(limits.CPUSeconds)
	result, err := render(conn, request)
	if err != nil {
		return conn.Send(Failure{ID: request.ID, Error: asFault(err)})
	}
	header := Success{
		ID: request.ID, OK: true, Count: len(result.Origins), Origins: result.Origins,
		Warnings: result.Warnings, FactsUsed: result.FactsUsed, Unsealed: result.Unsealed,
	}
	if err := conn.Send(header); err != nil {
		return err
	}
	return conn.SendRaw(result.Manifests)
}

// render runs one language; a panic of a library becomes an error of that request.
func render(conn *Conn, request Request) (result *Answer, err error) {
	defer func() {
		if reason := recover(); reason != nil {
			// The panic's own text may quote content.
			result, err = nil, &Fault{Code: CodeInternal, Message: fmt.Sprintf("the renderer panicked (%T)", reason)}
		}
	}()
	language, known := languages[request.Kind]
	if !known {
		return nil, &Fault{Code: CodeNotSupported, Message: fmt.Sprintf("rendering of %q is not supported", request.Kind)}
	}
	source := &unsealing{Source: &Files{conn: conn}}
	if result, err = language(request.Params, source); result != nil {
		result.Unsealed = source.opened
	}
	return result, err
}
