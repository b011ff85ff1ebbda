package main

import (
	"path"
	"slices"
	"strings"

	chart "helm.sh/helm/v4/pkg/chart/v2"
	release "helm.sh/helm/v4/pkg/release/v1"
	releaseutil "helm.sh/helm/v4/pkg/release/v1/util"
)

// helmDocument is a part of what `helm template` prints, and the template that it comes from, by Helm's name for it.
type helmDocument struct{ name, text string }

// printed is what `helm template` prints, in its order: CRDs, then objects by kind, then hooks.
func (r *helmRun) printed(loaded *chart.Chart, files map[string]string) ([]helmDocument, error) {
	for name := range files {
		if strings.HasSuffix(name, "NOTES.txt") {
			delete(files, name)
		}
	}
	hooks, manifests, err := releaseutil.SortManifests(files, nil, releaseutil.InstallOrder)
	if err != nil {
		return nil, err
	}
	var stream []helmDocument
	if !r.params.SkipCRDs {
		for _, crd := range loaded.CRDObjects() {
			stream = append(stream, helmDocument{crd.Filename, string(crd.File.Data) + "\n"})
		}
	}
	for _, manifest := range manifests {
		stream = append(stream, helmDocument{manifest.Name, manifest.Content + "\n"})
	}
	if last := len(stream) - 1; last >= 0 { // Helm trims what it prints before the hooks
		stream[last].text = strings.TrimSpace(stream[last].text) + "\n"
	}
	for _, hook := range hooks {
		if !r.params.skipHooks && (!r.params.SkipTests || !slices.Contains(hook.Events, release.HookTest)) {
			stream = append(stream, helmDocument{hook.Path, hook.Manifest + "\n"})
		}
	}
	return stream, nil
}

// take reads the printed documents. Argo CD splits them by line, so that a text's last newline stays.
func (r *helmRun) take(stream []helmDocument) *Fault {
	for _, printed := range stream {
		text, _ := decodeText([]byte(printed.text))
		r.collected.path = r.shown(printed.name)
		documents, fault := splitDocuments(text)
		for _, doc := range documents {
			if fault == nil {
				fault = r.collected.document(doc)
			}
		}
		if fault != nil {
			fault.Path = r.collected.path
			return fault
		}
	}
	return nil
}

// shown is a template's path in the repository; Helm names templates by charts, not by folders.
func (r *helmRun) shown(name string) string {
	_, inside, _ := strings.Cut(name, "/")
	if r.charts.files[inside] && r.params.Chart.Ref == "" {
		return path.Join(r.params.Chart.Path, inside)
	}
	return name
}
