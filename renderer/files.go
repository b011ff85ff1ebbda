package main

import (
	"encoding/json"
	"fmt"
)

// Source is what a language may ask of the parent. A file is named by a mount and a path in it: mount "" is the source's
// own repository, another is a source that the application refers to by name, or what Fetch gave. Paths are relative to
// the mount's root, with "/", "" for the root. Errors that are a *Fault are the parent's answer, others its end.
type Source interface {
	// List gives the entries of a folder, through links that stay in the repository.
	List(mount, path string) ([]Entry, error)
	// Read gives files in one round trip. The parent stops with a fault of its own when together they exceed maxBytes.
	Read(mount string, paths []string, maxBytes int) ([]Content, error)
	// Glob gives the paths that match a pattern.
	Glob(mount, pattern string) ([]string, error)
	// Fetch has the parent bring something from elsewhere, where the project allows it.
	Fetch(remote Remote) (Mounted, error)
	// KubeVersion is the version of the destination cluster, like "v1.36.3".
	KubeVersion() (string, error)
	// HasAPI tells whether the cluster serves a "group/version" or a "group/version/Kind".
	HasAPI(name string) (bool, error)
	// APIVersions are all that the cluster serves, in both forms.
	APIVersions() ([]string, error)
	// Unwrap gives the data key of a sealed file.
	Unwrap(keys []WrappedKey) ([]byte, error)
}

// Entry is one name in a folder; Type is "file", "dir", "symlink" or "submodule".
type Entry struct {
	Name string `json:"name"`
	Type string `json:"type"`
}

// Content is one file as read; Fault tells why it was not. At is where it really is, when links led there.
type Content struct {
	Data  []byte
	Fault *Fault
	At    string
}

// Remote names something to fetch. Kind "chart": a Helm chart by its repository's URL, name and version or range; "git":
// a remote base of kustomize as it is written; "http": one file; "ref": the tree of the application's source that has
// this ref.
type Remote struct {
	Kind    string `json:"kind"`
	URL     string `json:"url"`
	Name    string `json:"name,omitempty"`
	Version string `json:"version,omitempty"`
}

// Mounted is where something fetched can be read: a folder ("git", "chart") or a file ("http") in a mount.
type Mounted struct {
	Mount string `json:"mount"`
	Path  string `json:"path"`
}

// WrappedKey is a data key sealed for one recipient; Type is "age" or "pgp".
type WrappedKey struct {
	Type       string `json:"type"`
	Recipient  string `json:"recipient"`
	Ciphertext string `json:"ciphertext"`
}

// Files is the Source at the other end of the pipe.
type Files struct{ conn *Conn }

var _ Source = (*Files)(nil)

type readAnswer struct {
	Files []struct {
		Size  int    `json:"size"`
		Error *Fault `json:"error"`
		At    string `json:"at"`
	} `json:"files"`
}

// List asks for the entries of a folder.
func (f *Files) List(mount, path string) ([]Entry, error) {
	var reply struct {
		Entries []Entry `json:"entries"`
	}
	err := f.ask(map[string]any{"ask": "list", "mount": mount, "path": path}, &reply)
	return reply.Entries, err
}

// Glob asks for the paths that match a pattern.
func (f *Files) Glob(mount, pattern string) ([]string, error) {
	var reply struct {
		Paths []string `json:"paths"`
	}
	err := f.ask(map[string]any{"ask": "glob", "mount": mount, "pattern": pattern}, &reply)
	return reply.Paths, err
}

// Read asks for files: a header, then their bytes in one frame.
func (f *Files) Read(mount string, paths []string, maxBytes int) ([]Content, error) {
	var reply readAnswer
	if err := f.ask(map[string]any{"ask": "read", "mount": mount, "paths": paths, "max_bytes": maxBytes}, &reply); err != nil {
		return nil, err
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
		contents = append(contents, Content{Data: raw[:file.Size:file.Size], Fault: file.Error, At: file.At})
		raw = raw[file.Size:]
	}
	if len(contents) != len(paths) {
		return nil, fmt.Errorf("the parent answered %d of %d reads", len(contents), len(paths))
	}
	return contents, nil
}

// Fetch asks for something from elsewhere.
func (f *Files) Fetch(remote Remote) (Mounted, error) {
	var reply Mounted
	err := f.ask(map[string]any{"ask": "fetch", "remote": remote}, &reply)
	return reply, err
}

// KubeVersion asks for the cluster's version.
func (f *Files) KubeVersion() (string, error) {
	var reply struct {
		Text string `json:"text"`
	}
	err := f.ask(map[string]any{"ask": "kube_version"}, &reply)
	return reply.Text, err
}

// HasAPI asks for one API.
func (f *Files) HasAPI(name string) (bool, error) {
	var reply struct {
		Yes bool `json:"yes"`
	}
	err := f.ask(map[string]any{"ask": "has_api", "name": name}, &reply)
	return reply.Yes, err
}

// APIVersions asks for all APIs.
func (f *Files) APIVersions() ([]string, error) {
	var reply struct {
		Names []string `json:"names"`
	}
	err := f.ask(map[string]any{"ask": "api_versions"}, &reply)
	return reply.Names, err
}

// Unwrap asks for a data key.
func (f *Files) Unwrap(keys []WrappedKey) ([]byte, error) {
	var reply struct {
		Data []byte `json:"data"`
	}
	err := f.ask(map[string]any{"ask": "unwrap", "keys": keys}, &reply)
	return reply.Data, err
}

// ask sends a question and reads its answer, or the parent's refusal.
func (f *Files) ask(question, reply any) error {
	if err := f.conn.Send(question); err != nil {
		return err
	}
	payload, err := f.conn.ReceiveRaw()
	if err != nil {
		return err
	}
	var refusal struct {
		Error *Fault `json:"error"`
	}
	if err := json.Unmarshal(payload, &refusal); err != nil {
		return err
	}
	if refusal.Error != nil {
		return refusal.Error
	}
	return json.Unmarshal(payload, reply)
}
