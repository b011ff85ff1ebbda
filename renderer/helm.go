package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log"
	"path"
	"regexp"
	"strings"

	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	chart "helm.sh/helm/v4/pkg/chart/v2"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
)

// helmParams is a Helm source as Argo CD's `spec.source.helm` words it: its environment substituted, and every path
// resolved to one in the tree that it is of.
type helmParams struct {
	Chart               helmPlace       `json:"chart"`
	ReleaseName         string          `json:"release_name"`
	Namespace           string          `json:"namespace"`
	ValueFiles          []helmValueFile `json:"value_files"`
	IgnoreMissingValues bool            `json:"ignore_missing_value_files"`
	Values              string          `json:"values"` // the inline form that counts, YAML or JSON
	Parameters          []helmParameter `json:"parameters"`
	FileParameters      []helmFileParam `json:"file_parameters"`
	SkipCRDs            bool            `json:"skip_crds"`
	SkipTests           bool            `json:"skip_tests"`
	skipHooks           bool            // of a kustomization's chart
	SkipSchema          bool            `json:"skip_schema_validation"`

	// Instead of what the destination cluster says; empty and nil ask it.
	KubeVersion string   `json:"kube_version"`
	APIVersions []string `json:"api_versions"`

	ChartBytes int             `json:"chart_bytes"` // of a chart's files, archives unpacked, dependencies included
	Limits     directoryLimits `json:"limits"`
}

// helmPlace is a file or folder of the source's own tree, or of the source that has this ref, or a file at a URL.
type helmPlace struct {
	Ref  string `json:"ref"`
	Path string `json:"path"`
	URL  string `json:"url"`
}

// renderHelm gives what `helm template --include-crds` prints, object by object and in its order.
func renderHelm(raw json.RawMessage, source Source) (*Answer, error) {
	var params helmParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, fmt.Errorf("helm parameters: %w", err)
	}
	run := newHelmRun(params, source)
	var logged bytes.Buffer
	undo := catchLog(&logged)
	stream, err := run.render()
	undo()
	if err != nil {
		return nil, run.fault(err)
	}
	run.warnings(logged.String())
	if fault := run.take(stream); fault != nil {
		return nil, fault
	}
	answer := run.collected.answer()
	answer.FactsUsed = run.facts.used()
	return answer, nil
}

// catchLog redirects the log of the process, in which Helm warns, and gives what undoes it.
func catchLog(logged *bytes.Buffer) (undo func()) {
	writer, flags := log.Writer(), log.Flags()
	log.SetOutput(logged)
	log.SetFlags(0)
	return func() {
		log.SetOutput(writer)
		log.SetFlags(flags)
	}
}

// helmRun is one rendering of one chart.
type helmRun struct {
	params    helmParams
	source    Source
	facts     *helmFacts
	impure    impureUse
	charts    *chartLoader
	collected *collector
}

func newHelmRun(params helmParams, source Source) *helmRun {
	facts := &helmFacts{source: source, kubeVersion: params.KubeVersion, override: params.APIVersions}
	return &helmRun{params: params, source: source, facts: facts, collected: newCollector(params.Limits)}
}

// render does what `helm template` does, in its order, so that the same mistake ends it with the same words.
func (r *helmRun) render() ([]helmDocument, error) {
	values, err := r.values()
	if err != nil {
		return nil, err
	}
	at, err := r.opened(r.params.Chart)
	if err != nil {
		return nil, err
	}
	return r.renderAt(at, values)
}

// renderAt renders the chart of a folder with these values over its own.
func (r *helmRun) renderAt(at Mounted, values map[string]any) ([]helmDocument, error) {
	r.charts = &chartLoader{source: r.source, limits: r.params.Limits, left: r.params.ChartBytes, most: r.params.ChartBytes}
	loaded, err := r.charts.load(at)
	if err != nil {
		return nil, err
	}
	if kind := loaded.Metadata.Type; kind != "" && kind != "application" {
		return nil, invalid(0, "%s charts are not installable", kind)
	}
	if err := r.charts.complete(loaded, at); err != nil {
		return nil, err
	}
	if err := chartutil.ValidateReleaseName(r.params.ReleaseName); err != nil {
		return nil, fmt.Errorf("release name %q: %w", r.params.ReleaseName, err)
	}
	if err := chartutil.ProcessDependencies(loaded, values); err != nil {
		return nil, fmt.Errorf("chart dependencies processing failed: %w", err)
	}
	files, err := r.execute(loaded, values)
	if err != nil {
		return nil, err
	}
	return r.printed(loaded, files)
}

// execute runs the templates; what they ask about the cluster is asked then, and only then.
func (r *helmRun) execute(loaded *chart.Chart, values map[string]any) (map[string]string, error) {
	release := common.ReleaseOptions{Name: r.params.ReleaseName, Namespace: r.params.Namespace, Revision: 1, IsInstall: true}
	top, err := util.ToRenderValuesWithSchemaValidation(loaded, values, release, common.DefaultCapabilities, r.params.SkipSchema)
	if err != nil {
		return nil, err
	}
	if err := r.checkKubeVersion(loaded.Metadata.KubeVersion); err != nil {
		return nil, err
	}
	r.facts.wholeList = asksForWholeList(loaded, values)
	factsOfRequest = r.facts
	defer func() { factsOfRequest = nil }()
	top["Capabilities"] = &capabilities{common.DefaultCapabilities.Copy()}
	templates := engine.Engine{CustomTemplateFuncs: r.impure.functions()}
	files, err := templates.RenderWithContext(context.Background(), loaded, top)
	if r.facts.outage != nil {
		return nil, r.facts.outage
	}
	return files, err
}

func (r *helmRun) checkKubeVersion(constraint string) error {
	if constraint == "" {
		return nil
	}
	version, err := r.facts.version()
	if err != nil {
		return err
	}
	if !chartutil.IsCompatibleRange(constraint, version.String()) {
		return invalid(0, "chart requires kubeVersion: %s which is incompatible with Kubernetes %s", constraint, version.Version)
	}
	return nil
}

// warnings hands on what Helm logged, and what makes the next render differ from this one.
func (r *helmRun) warnings(logged string) {
	r.collected.path = r.params.Chart.Path
	if names := r.impure.names(); len(names) > 0 {
		r.collected.warn("impure", "the chart uses "+strings.Join(names, ", ")+", so that each render gives something else", 0)
	}
	for line := range strings.Lines(logged) {
		if line = strings.TrimSpace(line); line != "" {
			r.collected.warn("helm", concealed(line), 0)
		}
	}
}

// Parts of Helm's errors and warnings that may hold the content of values or of rendered files.
var helmConfidential = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?s)(cannot parse template|error during tpl function execution for) "(?:[^"\\]|\\.)*"`), "$1 (not shown)"},
	{regexp.MustCompile("(?s)`[^`]*`"), "(not shown)"},
	{regexp.MustCompile(`(invalid map key:) .*`), "$1 (not shown)"},
	{regexp.MustCompile(`(cannot overwrite table with non table for \S+|Ignoring non-table value) \(.*\)`), "$1"},
	{regexp.MustCompile(`(?s)'(?:[^'\\]|\\.)*' (does not match|is not valid|has invalid)`), "(not shown) $1"},
	{regexp.MustCompile(`://[^/\s@'"]*@`), "://"},
}

// concealed leaves out what must not leave the renderer in a message.
func concealed(message string) string {
	for _, part := range helmConfidential {
		message = part.pattern.ReplaceAllString(message, part.instead)
	}
	if len(message) > longestMessageBytes { // errors of included templates repeat themselves; the reason stands at the end
		half := longestMessageBytes / 2
		message = strings.ToValidUTF8(message[:half]+" (cut) "+message[len(message)-half:], "")
	}
	return message
}

// fault makes an error of the library one of ours: its own words, and the chart that it is about.
func (r *helmRun) fault(err error) *Fault {
	if r.facts.outage != nil {
		err = r.facts.outage
	}
	var known *Fault
	if asOurs(err, &known) {
		if known.Path == "" {
			known.Path = r.params.Chart.Path
		}
		return known
	}
	return &Fault{Code: CodeInvalid, Message: concealed(strings.TrimSpace(err.Error())), Path: r.params.Chart.Path}
}

// opened gives a place in the tree that it is of, without "." parts and "" for the root.
func (r *helmRun) opened(place helmPlace) (Mounted, error) {
	if place.URL != "" {
		return r.source.Fetch(Remote{Kind: "http", URL: place.URL})
	}
	clean := path.Clean(place.Path)
	if leavesRepository(clean) {
		return Mounted{}, &Fault{Code: CodePathEscapes, Message: "the path leaves the repository", Path: place.Path}
	}
	if clean == "." {
		clean = ""
	}
	if place.Ref == "" {
		return Mounted{Path: clean}, nil
	}
	tree, err := r.source.Fetch(Remote{Kind: "ref", URL: place.Ref})
	return Mounted{tree.Mount, clean}, err
}
