package main

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// mostRemotes ends a chain of trees that name each other at ever new revisions.
const mostRemotes = 100

type fetchedFile struct {
	data []byte
	err  error
}

// bringRemotes fetches what a kustomization names by URL and puts paths to where it is seen in their place, so that the
// library finds nothing to fetch. It tells whether the text has changed.
func (b *build) bringRemotes(k *kustomization, name string) (changed bool) {
	for _, field := range folderFields {
		for _, item := range items(k.field(field)) {
			if item = dealiased(item); item.Kind != yaml.ScalarNode || strings.Contains(item.Value, "\n") {
				continue
			}
			local, err := b.bring(k, field, item.Value)
			if err != nil {
				k.refuse = b.refused(field, item.Value, name, err)
				return changed
			}
			if local != "" {
				item.SetString(local)
				changed = true
			}
		}
	}
	return changed
}

// bring gives the path that is to stand for an entry, or "" when the entry can stay. Kustomize reads a URL as a file
// first and as a repository then; we try first what its text makes likely, because each attempt is a fetch.
func (b *build) bring(k *kustomization, field, entry string) (local string, err error) {
	repository, isRepository := remoteRepository(entry)
	isFile := remoteFile(entry) && field != "components"
	switch {
	case !isRepository && !isFile:
		return "", nil
	case isRepository && !isFile:
		if b.files.find(path.Join(k.folder, entry)).kind == file { // a file of that name comes first
			return "", nil
		}
		return b.bringTree(k, entry, repository)
	case isFile && (!isRepository || hasManifestName(entry)):
		if _, err = b.file(entry); err == nil || !isRepository {
			return "", err
		}
		if local, gitErr := b.bringTree(k, entry, repository); gitErr == nil {
			return local, nil
		}
		return "", err
	}
	if local, err = b.bringTree(k, entry, repository); err == nil {
		return local, nil
	}
	if _, fileErr := b.file(entry); fileErr == nil {
		return "", nil
	}
	return "", err
}

func (b *build) bringTree(k *kustomization, entry, repository string) (string, error) {
	if strings.HasPrefix(strings.ToLower(entry), "file://") {
		return "", &Fault{Code: CodePathEscapes, Message: "file: URLs are not allowed"}
	}
	if trimmed, forced := cutPrefixFold(entry, "git::"); forced {
		b.warn("kustomize", "the git:: prefix is not supported by kustomize, which strips it for now", k.folder)
		entry = trimmed
	}
	mounted, err := b.fetch(Remote{Kind: "git", URL: entry})
	if err != nil {
		return "", err
	}
	return relative(k.folder, path.Join(b.files.mounted(mounted.Mount, repository), mounted.Path)), nil
}

// file gives the content of an http file, fetched once.
func (b *build) file(address string) ([]byte, error) {
	known, before := b.fetched[address]
	if !before {
		known.data, known.err = b.fetchFile(address)
		b.fetched[address] = known
	}
	return known.data, known.err
}

func (b *build) fetchFile(address string) ([]byte, error) {
	mounted, err := b.fetch(Remote{Kind: "http", URL: address})
	if err != nil {
		return nil, err
	}
	contents, err := b.source.Read(mounted.Mount, []string{mounted.Path}, b.files.left)
	if err != nil {
		return nil, err
	}
	if contents[0].Fault != nil {
		return nil, contents[0].Fault
	}
	b.files.left -= len(contents[0].Data)
	return contents[0].Data, nil
}

func (b *build) fetch(remote Remote) (Mounted, error) {
	if b.remotes++; b.remotes > mostRemotes {
		return Mounted{}, &Fault{Code: CodeTooLarge, Message: fmt.Sprintf("more than %d remote sources in one build", mostRemotes)}
	}
	return b.source.Fetch(remote)
}

// refused words a remote that could not be had.
func (b *build) refused(field, entry, name string, err error) *Fault {
	fault := *asFault(err)
	fault.Message = fmt.Sprintf("%s: %s: %s", field, withoutUser(entry), fault.Message)
	fault.Path, fault.Line = b.shown(name), 0
	return &fault
}

// asking stands in for the network: a request for a file is a question to the parent.
type asking struct{ build *build }

// RoundTrip answers a GET with what the parent fetched.
func (a asking) RoundTrip(request *http.Request) (*http.Response, error) {
	data, err := a.build.file(request.URL.String())
	if err != nil {
		a.build.refuse(a.build.refused("remote file", request.URL.String(), a.build.files.root(), err))
		return nil, err
	}
	return &http.Response{
		StatusCode: http.StatusOK, Request: request, Header: http.Header{}, ContentLength: int64(len(data)),
		Body: io.NopCloser(bytes.NewReader(data)),
	}, nil
}

// remoteFile tells whether kustomize would GET this.
func remoteFile(text string) bool {
	parsed, err := url.Parse(text)
	return err == nil && (parsed.Scheme == "http" || parsed.Scheme == "https")
}

func hasManifestName(address string) bool {
	parsed, err := url.Parse(address)
	return err == nil && slices.Contains([]string{".yaml", ".yml", ".json"}, path.Ext(parsed.Path))
}

var user = regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9-]*@`)

// remoteRepository tells whether kustomize would clone this, by its own rules, and gives the part that names the
// repository.
func remoteRepository(text string) (repository string, is bool) {
	if path.IsAbs(text) {
		return "", false
	}
	whole, _, _ := strings.Cut(text, "?")
	rest, _ := cutPrefixFold(whole, "git::")
	scheme := ""
	for _, known := range []string{"ssh://", "https://", "http://", "file://"} {
		if cut, found := cutPrefixFold(rest, known); found {
			scheme, rest = known, cut
			break
		}
	}
	userPart := user.FindString(rest)
	rest = rest[len(userPart):]
	github := hasPrefixFold(rest, "github.com/") || hasPrefixFold(rest, "github.com:")
	switch {
	case scheme == "" && userPart == "" && !github:
		return "", false
	case scheme != "file://":
		host := separator(rest, scheme == "")
		if host <= 0 {
			return "", false
		}
		rest = rest[host+1:]
	}
	inside, is := repositoryPart(rest, scheme == "file://")
	return withoutUser(strings.TrimSuffix(whole, rest[len(inside):])), is
}

// separator is where the host ends: at a slash, or in the short form of SSH at a colon before it; -1 if nowhere.
func separator(text string, short bool) int {
	slash, colon := strings.IndexByte(text, '/'), strings.IndexByte(text, ':')
	if short && (slash < 0 || colon > 0 && colon < slash) {
		return colon
	}
	return slash
}

// repositoryPart gives the part of a URL's path that names the repository; the rest is a folder in it.
func repositoryPart(text string, all bool) (repository string, is bool) {
	repository = text
	if at := strings.Index(text, "_git/"); at >= 0 {
		name, _, _ := strings.Cut(text[at+len("_git/"):], "/")
		repository = text[:at+len("_git/")+len(name)]
	} else if at := strings.Index(text, "//"); at >= 0 {
		repository = text[:at]
	} else if at := strings.Index(text, ".git"); at >= 0 {
		repository = text[:at+len(".git")]
	} else if parts := strings.SplitN(text, "/", 3); !all {
		if len(parts) < 2 {
			return "", false
		}
		repository = parts[0] + "/" + parts[1]
	}
	folder := path.Clean(strings.TrimLeft(text[len(repository):], "/"))
	return repository, repository != "" && folder != ".." && !strings.HasPrefix(folder, "../")
}

func cutPrefixFold(text, prefix string) (string, bool) {
	if hasPrefixFold(text, prefix) {
		return text[len(prefix):], true
	}
	return text, false
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

var userInURL = regexp.MustCompile(`://[^/@]*@`)

func withoutUser(address string) string { return userInURL.ReplaceAllString(address, "://") }
