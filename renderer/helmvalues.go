package main

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"helm.sh/helm/v4/pkg/chart/v2/loader"
	"helm.sh/helm/v4/pkg/strvals"
)

// helmValueFile is one entry of valueFiles: a file, or a pattern.
type helmValueFile struct {
	At      helmPlace `json:"at"`
	Pattern bool      `json:"pattern"`
}

// helmParameter is one entry of parameters, for --set or --set-string.
type helmParameter struct {
	Name        string `json:"name"`
	Value       string `json:"value"`
	ForceString bool   `json:"force_string"`
}

// helmFileParam is one entry of fileParameters, for --set-file.
type helmFileParam struct {
	Name string    `json:"name"`
	At   helmPlace `json:"at"`
}

// values gives what the user sets, later over earlier: files, the inline form, --set, --set-string, --set-file.
func (r *helmRun) values() (map[string]any, error) {
	places, err := r.valueFiles()
	if err != nil {
		return nil, err
	}
	values := map[string]any{}
	for _, place := range places {
		content, err := r.read(place)
		if err != nil {
			return nil, err
		}
		if content.Fault != nil && content.Fault.Code == CodePathMissing && r.params.IgnoreMissingValues {
			continue
		}
		if content.Fault != nil {
			return nil, content.Fault
		}
		if values, err = merged(values, content.Data); err != nil {
			return nil, &Fault{Code: CodeInvalid, Path: place.Path, Message: concealed(err.Error())}
		}
	}
	if values, err = merged(values, []byte(r.params.Values)); err != nil {
		return nil, invalid(0, "helm.values: %s", concealed(err.Error()))
	}
	return values, r.set(values)
}

func merged(values map[string]any, data []byte) (map[string]any, error) {
	more, err := loader.LoadValues(bytes.NewReader(data))
	if err != nil {
		return nil, err
	}
	return loader.MergeMaps(values, more), nil
}

func (r *helmRun) read(place Mounted) (Content, error) {
	contents, err := r.source.Read(place.Mount, []string{place.Path}, r.params.Limits.CombinedBytes)
	if err != nil {
		return Content{}, err
	}
	return contents[0], nil
}

// valueFiles are the files in the order of their counting. Argo CD: a pattern stands for what it matches, in lexical
// order, less what is named by itself or matched before.
func (r *helmRun) valueFiles() ([]Mounted, error) {
	var places []Mounted
	var named []helmPlace
	for _, file := range r.params.ValueFiles {
		if !file.Pattern {
			named = append(named, file.At)
		}
	}
	for _, file := range r.params.ValueFiles {
		found, err := r.matches(file)
		if err != nil {
			return nil, err
		}
		for _, place := range found {
			isNamed := slices.Contains(named, helmPlace{Ref: file.At.Ref, Path: place.Path})
			if !file.Pattern || !isNamed && !slices.Contains(places, place) {
				places = append(places, place)
			}
		}
	}
	return places, nil
}

func (r *helmRun) matches(file helmValueFile) ([]Mounted, error) {
	place, err := r.opened(file.At)
	if err != nil || !file.Pattern {
		return []Mounted{place}, err
	}
	paths, err := r.source.Glob(place.Mount, place.Path)
	if err != nil {
		return nil, err
	}
	if len(paths) == 0 && !r.params.IgnoreMissingValues {
		return nil, &Fault{Code: CodePathMissing, Path: file.At.Path, Message: "no value file matches this pattern"}
	}
	slices.Sort(paths)
	found := make([]Mounted, len(paths))
	for i, path := range paths {
		found[i] = Mounted{place.Mount, path}
	}
	return found, nil
}

// set applies the parameters. Helm: all of one option before all of the next.
func (r *helmRun) set(values map[string]any) error {
	for _, forced := range []bool{false, true} {
		parse := map[bool]func(string, map[string]any) error{false: strvals.ParseInto, true: strvals.ParseIntoString}[forced]
		for _, parameter := range r.params.Parameters {
			if parameter.ForceString != forced {
				continue
			}
			if err := parse(parameter.Name+"="+escapedCommas(parameter.Value), values); err != nil {
				return fmt.Errorf("parameter %s: %w", parameter.Name, err)
			}
		}
	}
	for _, parameter := range r.params.FileParameters {
		if err := r.setFile(parameter, values); err != nil {
			return err
		}
	}
	return nil
}

func (r *helmRun) setFile(parameter helmFileParam, values map[string]any) error {
	place, err := r.opened(parameter.At)
	if err != nil {
		return err
	}
	content, err := r.read(place)
	if err != nil {
		return err
	}
	if content.Fault != nil {
		return content.Fault
	}
	give := func([]rune) (any, error) { return string(content.Data), nil }
	if err := strvals.ParseIntoFile(parameter.Name+"=x", values, give); err != nil {
		return fmt.Errorf("file parameter %s: %w", parameter.Name, err)
	}
	return nil
}

// escapedCommas keeps a value one value. Argo CD: commas are escaped but in {…}, which is a list, and where they
// already are.
func escapedCommas(value string) string {
	if strings.HasPrefix(value, "{") && strings.HasSuffix(value, "}") {
		return value
	}
	var escaped strings.Builder
	for i, char := range value {
		if char == ',' && (i == 0 || value[i-1] != '\\') {
			escaped.WriteByte('\\')
		}
		escaped.WriteRune(char)
	}
	return escaped.String()
}
