package main

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"runtime"
	"syscall"
)

// ProtocolVersion changes with every change of a message's meaning; parent and child must agree.
const ProtocolVersion = 1

// Hello is the parent's first message.
type Hello struct {
	Protocol int           `json:"protocol"`
	Limits   ProcessLimits `json:"limits"`
}

// ProcessLimits are what the child takes from itself; they hold for its whole life but for the CPU time, which is per request.
type ProcessLimits struct {
	AddressSpaceBytes uint64 `json:"address_space_bytes"`
	StackBytes        int    `json:"stack_bytes"`
	OpenFiles         uint64 `json:"open_files"`
	CPUSeconds        uint64 `json:"cpu_s"`
}

// Welcome answers Hello: who this is, and the proof of what it cannot do any more.
type Welcome struct {
	Protocol  int      `json:"protocol"`
	Platform  string   `json:"platform"`
	Languages []string `json:"languages"`
	Sandbox   Sandbox  `json:"sandbox"`
}

// Sandbox holds, per forbidden act, the error that trying it gave.
type Sandbox struct {
	Installed bool              `json:"installed"`
	Proof     map[string]string `json:"proof"`
}

// Request asks for one rendering.
type Request struct {
	ID     uint64          `json:"id"`
	Kind   string          `json:"kind"`
	Params json.RawMessage `json:"params"`
}

// Success is followed by one raw frame: a JSON array of Count objects.
type Success struct {
	ID        uint64    `json:"id"`
	OK        bool      `json:"ok"`
	Count     int       `json:"count"`
	Origins   []Origin  `json:"origins"`
	Warnings  []Warning `json:"warnings"`
	FactsUsed []string  `json:"facts_used"`
	Unsealed  []string  `json:"unsealed,omitempty"`
}

// Failure ends a request that gave nothing.
type Failure struct {
	ID    uint64 `json:"id"`
	Error *Fault `json:"error"`
}

// Answer is what a language gives: a JSON array, and for each of its objects where it came from.
type Answer struct {
	Manifests []byte
	Origins   []Origin
	Warnings  []Warning
	FactsUsed []string
	Unsealed  []string // files that SOPS had sealed; what came of them is not to be shown
}

// Origin is the file and the line (from 1) at which an object's document begins.
type Origin struct {
	Path string `json:"path"`
	Line int    `json:"line"`
}

// Warning tells of something that was passed over. Line is 0 where it concerns the whole file.
type Warning struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path"`
	Line    int    `json:"line"`
}

// The words for what went wrong; reconciler/render/protocol.py holds the same table.
const (
	CodeInvalid      = "invalid"       // content that does not read as a manifest
	CodePathMissing  = "path-missing"  // no such file or folder in the repository
	CodePathEscapes  = "path-escapes"  // a link that leaves the repository
	CodeNotAFile     = "not-a-file"    // a folder or submodule where a file was wanted
	CodeTooLarge     = "too-large"     // a cap of the request was reached
	CodeNotSupported = "not-supported" // nothing this program renders
	CodeSealed       = "sealed"        // a file that SOPS sealed and that does not open
	CodeUnavailable  = "unavailable"   // the parent could not serve; it knows why
	CodeInternal     = "internal"      // our own mistake
)

// Fault is an error with the place it concerns. Its message never quotes a value of a file.
type Fault struct {
	Code    string `json:"code"`
	Message string `json:"message"`
	Path    string `json:"path,omitempty"`
	Line    int    `json:"line,omitempty"`
}

func (f *Fault) Error() string { return f.Message }

func asFault(err error) *Fault {
	var fault *Fault
	if errors.As(err, &fault) {
		return fault
	}
	return &Fault{Code: CodeInternal, Message: err.Error()}
}

func welcome(sandbox Sandbox) Welcome {
	names := make([]string, 0, len(languages))
	for name := range languages {
		names = append(names, name)
	}
	return Welcome{ProtocolVersion, runtime.GOOS + "/" + runtime.GOARCH, names, sandbox}
}

// Conn frames messages over two descriptors: four bytes of length, big-endian, then the payload.
// It reads and writes by plain system calls, so that it needs no poller of the runtime inside the sandbox.
type Conn struct{ in, out int }

// Receive reads one JSON message.
func (c *Conn) Receive(message any) error {
	payload, err := c.ReceiveRaw()
	if err != nil {
		return err
	}
	return json.Unmarshal(payload, message)
}

// ReceiveRaw reads one frame as it is.
func (c *Conn) ReceiveRaw() ([]byte, error) {
	var head [4]byte
	if err := c.fill(head[:]); err != nil {
		return nil, err
	}
	payload := make([]byte, binary.BigEndian.Uint32(head[:]))
	return payload, c.fill(payload)
}

// Send writes one JSON message.
func (c *Conn) Send(message any) error {
	payload, err := json.Marshal(message)
	if err != nil {
		return err
	}
	return c.SendRaw(payload)
}

// SendRaw writes one frame as it is.
func (c *Conn) SendRaw(payload []byte) error {
	var head [4]byte
	binary.BigEndian.PutUint32(head[:], uint32(len(payload)))
	if err := c.drain(head[:]); err != nil {
		return err
	}
	return c.drain(payload)
}

func (c *Conn) fill(buffer []byte) error {
	for len(buffer) > 0 {
		n, err := syscall.Read(c.in, buffer)
		switch {
		case err == syscall.EINTR:
		case err != nil:
			return fmt.Errorf("reading from the parent: %w", err)
		case n == 0:
			return io.EOF
		default:
			buffer = buffer[n:]
		}
	}
	return nil
}

func (c *Conn) drain(buffer []byte) error {
	for len(buffer) > 0 {
		n, err := syscall.Write(c.out, buffer)
		if err != nil && err != syscall.EINTR {
			return fmt.Errorf("writing to the parent: %w", err)
		}
		buffer = buffer[max(n, 0):]
	}
	return nil
}

// ended turns the closing of the pipe, which is how a parent dismisses a child, into success.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}
