package main

import "fmt"

// Files is the repository as the parent serves it. Paths are relative to the repository's root, with "/", "" for the root.
type Files struct{ conn *Conn }

// Entry is one name in a folder; Type is "file", "dir", "symlink" or "submodule".
type Entry struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Content is one file as read; Fault tells why it was not.
type Content struct {
	Data  []byte
	Fault *Fault
}

type listAnswer struct {
	Entries []Entry `json:"entries"`
	Error   *Fault  `json:"error"`
}

type globAnswer struct {
	Paths []string `json:"paths"`
	Error *Fault   `json:"error"`
}

type readAnswer struct {
	Files []struct {
		Size  int    `json:"size"`
		Error *Fault `json:"error"`
	} `json:"files"`
	Error *Fault `json:"error"`
}

// List gives the entries of a folder, through links that stay in the repository.
func (f *Files) List(path string) ([]Entry, error) {
	var reply listAnswer
	if err := f.ask(map[string]any{"ask": "list", "path": path}, &reply); err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return nil, reply.Error
	}
	return reply.Entries, nil
}

// Glob gives the paths that match a pattern.
func (f *Files) Glob(pattern string) ([]string, error) {
	var reply globAnswer
	if err := f.ask(map[string]any{"ask": "glob", "pattern": pattern}, &reply); err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return nil, reply.Error
	}
	return reply.Paths, nil
}

// Read gives files in one round trip. The parent stops with a fault of its own when together they exceed maxBytes.
func (f *Files) Read(paths []string, maxBytes int) ([]Content, error) {
	var reply readAnswer
	if err := f.ask(map[string]any{"ask": "read", "paths": paths, "max_bytes": maxBytes}, &reply); err != nil {
		return nil, err
	}
	if reply.Error != nil {
		return nil, reply.Error
	}
	raw, err := f.conn.ReceiveRaw()
	if err != nil {
		return nil, err
	}
	contents := make([]Content, 0, len(paths))
	for _, file := range reply.Files {
		if file.Error == nil && (file.Size < 0 || file.Size > len(raw)) {
			return nil, fmt.Errorf("the parent announced %d bytes and sent %d", file.Size, len(raw))
		}
		contents = append(contents, Content{Data: raw[:file.Size:file.Size], Fault: file.Error})
		raw = raw[file.Size:]
	}
	if len(contents) != len(paths) {
		return nil, fmt.Errorf("the parent answered %d of %d reads", len(contents), len(paths))
	}
	return contents, nil
}

func (f *Files) ask(question, reply any) error {
	if err := f.conn.Send(question); err != nil {
		return err
	}
	return f.conn.Receive(reply)
}
