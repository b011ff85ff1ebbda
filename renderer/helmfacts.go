package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"helm.sh/helm/v4/pkg/chart/common"
	chart "helm.sh/helm/v4/pkg/chart/v2"
)

// helmFacts answers what templates ask about the cluster, each question once, and remembers which were asked.
type helmFacts struct {
	source      Source
	kubeVersion string   // instead of the cluster's
	override    []string // instead of the cluster's
	wholeList   bool     // templates look at the list of APIs itself, not only at what is in it

	known  *common.KubeVersion
	has    map[string]bool
	all    []string
	outage error // what the parent could not answer
}

// factsOfRequest is what a template's Capabilities ask. It is global because deepCopy copies them, fields and all; one
// request is served at a time.
var factsOfRequest *helmFacts

func (f *helmFacts) version() (*common.KubeVersion, error) {
	if f.known != nil || f.outage != nil {
		return f.known, f.outage
	}
	text, err := f.kubeVersion, error(nil)
	if text == "" {
		if text, err = f.source.KubeVersion(); err != nil {
			f.outage = err
			return nil, err
		}
	}
	if f.known, err = common.ParseKubeVersion(text); err != nil {
		return nil, invalid(0, "invalid kube version '%s': %s", text, err)
	}
	return f.known, nil
}

// serves tells whether the cluster serves an API. Helm: the APIs that it knows itself count as served always.
func (f *helmFacts) serves(name string) (bool, error) {
	if common.DefaultVersionSet.Has(name) || slices.Contains(f.override, name) {
		return true, nil
	}
	answer, known := f.has[name]
	if known || f.override != nil || f.outage != nil {
		return answer, f.outage
	}
	answer, err := f.source.HasAPI(name)
	if err != nil {
		f.outage = err
		return false, err
	}
	if f.has == nil {
		f.has = map[string]bool{}
	}
	f.has[name] = answer
	return answer, nil
}

// list gives all that the cluster serves.
func (f *helmFacts) list() ([]string, error) {
	switch {
	case f.override != nil:
		return append(slices.Clone(common.DefaultVersionSet), f.override...), nil
	case f.all == nil && f.outage == nil:
		served, err := f.source.APIVersions()
		if err != nil {
			f.outage = err
			return nil, err
		}
		f.all = append(slices.Clone(common.DefaultVersionSet), served...)
	}
	return f.all, f.outage
}

// used names the facts that were asked of the cluster.
func (f *helmFacts) used() []string {
	used := []string{}
	if f.known != nil && f.kubeVersion == "" {
		used = append(used, "kube_version")
	}
	if f.all != nil {
		used = append(used, "api_versions")
	}
	for _, name := range slices.Sorted(maps.Keys(f.has)) {
		used = append(used, "has_api "+name)
	}
	return used
}

// capabilities are what templates know as .Capabilities. Its methods hide the fields of the same names, so that a fact
// is asked for when a template reaches for it.
type capabilities struct{ *common.Capabilities }

// KubeVersion is the version of the cluster.
func (c capabilities) KubeVersion() (*common.KubeVersion, error) { return factsOfRequest.version() }

// APIVersions are the APIs of the cluster.
func (c capabilities) APIVersions() (apiVersions, error) {
	if !factsOfRequest.wholeList {
		return nil, nil
	}
	return factsOfRequest.list()
}

// apiVersions is a list, for templates that walk through it, which asks when it is asked.
type apiVersions []string

// Has tells whether an API is served.
func (apiVersions) Has(name string) (bool, error) { return factsOfRequest.serves(name) }

func (c capabilities) filled() (*common.Capabilities, error) {
	version, err := factsOfRequest.version()
	if err != nil {
		return nil, err
	}
	list, err := factsOfRequest.list()
	return &common.Capabilities{KubeVersion: *version, APIVersions: list, HelmVersion: c.HelmVersion}, err
}

// MarshalJSON is for toYaml and toJson.
func (c capabilities) MarshalJSON() ([]byte, error) {
	filled, err := c.filled()
	if err != nil {
		return nil, err
	}
	return json.Marshal(filled)
}

// Format is for printing.
func (c capabilities) Format(state fmt.State, verb rune) {
	if filled, err := c.filled(); err == nil {
		fmt.Fprintf(state, fmt.FormatString(state, verb), *filled)
	}
}

var mentionOfAPIs = regexp.MustCompile(`APIVersions(\.Has\b)?`)

// asksForWholeList tells whether a template may look at the list of APIs otherwise than by Has. Values are looked at
// too: `tpl` makes templates of them.
func asksForWholeList(loaded *chart.Chart, values map[string]any) bool {
	asks := func(text []byte) bool {
		for _, mention := range mentionOfAPIs.FindAllSubmatch(text, -1) {
			if len(mention[1]) == 0 {
				return true
			}
		}
		return false
	}
	for _, file := range loaded.Templates {
		if asks(file.Data) {
			return true
		}
	}
	for _, dependency := range loaded.Dependencies() {
		if asksForWholeList(dependency, nil) {
			return true
		}
	}
	own, _ := json.Marshal(loaded.Values)
	given, _ := json.Marshal(values)
	return asks(own) || asks(given)
}
