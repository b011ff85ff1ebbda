package main

import (
	"bytes"
	"cmp"
	"fmt"
	"path"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/kio"
	"sigs.k8s.io/kustomize/kyaml/yaml"
	"sigs.k8s.io/kustomize/kyaml/yaml/merge2"
)

// chartBytesOfKustomizations caps one chart of a kustomization as `chart_bytes` caps that of a Helm source.
const chartBytesOfKustomizations = 64 << 20

// inflated gives a kustomization as kustomize is to see it: with the objects of its charts among its resources instead
// of the charts, for which it would run a program.
func (b *build) inflated(k *kustomization, name string) ([]byte, error) {
	charts := items(k.field("helmCharts"))
	b.inherit(k)
	if !b.params.EnableHelm || len(charts) == 0 && k.field("helmChartInflationGenerator") == nil {
		return k.data, nil
	}
	data, err := b.withCharts(k)
	if err != nil {
		fault := *asFault(err)
		if fault.Code == CodeInternal {
			fault = Fault{Code: CodeInvalid, Message: concealed(fault.Message)}
		}
		fault.Path, fault.Message = b.shown(name), b.shown(fault.Message)
		b.refuse(&fault)
		return nil, &fault
	}
	return data, nil
}

// inherit hands the namespace of a kustomization to the bases that it names, for their charts.
func (b *build) inherit(k *kustomization) {
	namespace := b.namespaceOf(k)
	if namespace == "" {
		return
	}
	for _, base := range k.refs {
		if _, known := b.namespaces[base]; !known {
			b.namespaces[base] = namespace
		}
	}
}

func (b *build) namespaceOf(k *kustomization) string {
	if own := k.field("namespace"); own != nil && own.Value != "" {
		return own.Value
	}
	return b.namespaces[k.folder]
}

// withCharts takes the charts out and puts files with their objects in.
func (b *build) withCharts(k *kustomization) ([]byte, error) {
	var asked types.Kustomization
	if asked.Unmarshal(k.data) != nil {
		return k.data, nil // kustomize will say what is wrong
	}
	asked.FixKustomization()
	home := types.HelmDefaultHome
	if asked.HelmGlobals != nil && asked.HelmGlobals.ChartHome != "" {
		home = asked.HelmGlobals.ChartHome
	}
	var files []string
	for i, chart := range asked.HelmCharts {
		if chart.Namespace == "" {
			chart.Namespace = b.namespaceOf(k)
		}
		text, err := b.chart(k, chart, home)
		if err != nil {
			fault := *asFault(err)
			fault.Message = fmt.Sprintf("helmCharts %s: %s", chart.Name, fault.Message)
			return nil, &fault
		}
		if file := fmt.Sprintf("%s-%d.yaml", unguessable, i); len(text) > 0 {
			b.files.write(path.Join(k.folder, file), text)
			files = append(files, file)
		}
	}
	return replaced(k.top, files)
}

// replaced is a kustomization with these resources instead of its charts.
func replaced(top *yaml.Node, files []string) ([]byte, error) {
	changed := *top
	changed.Content = nil
	var resources *yaml.Node
	for i := 0; i+1 < len(top.Content); i += 2 {
		switch key, value := top.Content[i], top.Content[i+1]; {
		case slices.ContainsFunc(chartFields, func(name string) bool { return strings.EqualFold(name, key.Value) }):
		case strings.EqualFold(key.Value, "resources"):
			list := *dealiased(value)
			resources = &list
			changed.Content = append(changed.Content, key, resources)
		default:
			changed.Content = append(changed.Content, key, value)
		}
	}
	if resources == nil || resources.Kind != yaml.SequenceNode {
		resources = &yaml.Node{Kind: yaml.SequenceNode, Tag: yaml.NodeTagSeq}
		changed.Content = append(changed.Content, yaml.NewStringRNode("resources").YNode(), resources)
	}
	resources.Content = slices.Clone(resources.Content)
	for _, file := range files {
		resources.Content = append(resources.Content, yaml.NewStringRNode(file).YNode())
	}
	return yaml.Marshal(&changed)
}

var chartFields = []string{"helmCharts", "helmGlobals", "helmChartInflationGenerator"}

// chart renders one chart. kustomize: it is the one in the chart home, or is fetched when it is not there.
func (b *build) chart(k *kustomization, chart types.HelmChart, home string) ([]byte, error) {
	switch {
	case chart.Name == "":
		return nil, invalid(0, "chart name cannot be empty")
	case chart.NameTemplate != "":
		return nil, invalid(0, "nameTemplate is not supported, write releaseName instead")
	case chart.ReleaseName == "":
		return nil, invalid(0, "give it a releaseName: without one each build would draw another")
	}
	folder := path.Join(k.folder, home)
	if chart.Version != "" && chart.Repo != "" {
		folder = path.Join(folder, chart.Name+"-"+chart.Version)
	}
	folder = path.Join(folder, chart.Name)
	at, err := b.placeOf(chart, folder)
	if err != nil {
		return nil, err
	}
	values, err := b.chartValues(k, chart, at)
	if err != nil {
		return nil, err
	}
	run := newHelmRun(helmParams{
		ReleaseName: chart.ReleaseName, Namespace: cmp.Or(chart.Namespace, "default"),
		SkipCRDs: !chart.IncludeCRDs, SkipTests: chart.SkipTests, skipHooks: chart.SkipHooks,
		KubeVersion: cmp.Or(b.params.KubeVersion, chart.KubeVersion), APIVersions: b.apisFor(chart),
		ChartBytes: chartBytesOfKustomizations, Limits: b.params.Limits,
	}, b.source)
	stream, err := run.renderAt(at, values)
	if err != nil {
		return nil, run.fault(err)
	}
	if names := run.impure.names(); len(names) > 0 {
		b.warn("impure", "chart "+chart.Name+" uses "+strings.Join(names, ", ")+", so that each render gives something else", k.folder)
	}
	return marked(stream)
}

func (b *build) apisFor(chart types.HelmChart) []string {
	if len(b.params.APIVersions) > 0 {
		return b.params.APIVersions
	}
	return chart.ApiVersions
}

func (b *build) placeOf(chart types.HelmChart, folder string) (Mounted, error) {
	if b.files.find(path.Join(folder, "Chart.yaml")).kind == file {
		if tree, inside, ok := b.files.tree(folder); ok {
			return Mounted{tree.mount, inside}, nil
		}
	}
	if chart.Repo == "" {
		return Mounted{}, invalid(0, "no repo specified for pull, no chart found at '%s'", folder)
	}
	return b.source.Fetch(Remote{Kind: "chart", URL: chart.Repo, Name: chart.Name, Version: chart.Version})
}

// chartValues are the values of a file, by default the chart's own, merged with those in line as valuesMerge says, and
// over them those of further files.
func (b *build) chartValues(k *kustomization, chart types.HelmChart, at Mounted) (map[string]any, error) {
	values := chart.ValuesInline
	if len(values) == 0 || chart.ValuesMerge != "replace" {
		text, err := b.valuesFile(k, chart, at)
		if err != nil {
			return nil, err
		}
		if values, err = mergedInline(text, chart); err != nil {
			return nil, err
		}
	}
	for _, name := range chart.AdditionalValuesFiles {
		text, err := b.fileBelow(k, name)
		if err != nil {
			return nil, err
		}
		if values, err = merged(values, text); err != nil {
			return nil, invalid(0, "%s: %s", name, concealed(err.Error()))
		}
	}
	return values, nil
}

func (b *build) valuesFile(k *kustomization, chart types.HelmChart, at Mounted) ([]byte, error) {
	if chart.ValuesFile != "" {
		return b.fileBelow(k, chart.ValuesFile)
	}
	contents, err := b.source.Read(at.Mount, []string{path.Join(at.Path, "values.yaml")}, b.params.Limits.CombinedBytes)
	if err != nil {
		return nil, err
	}
	if contents[0].Fault != nil {
		return nil, contents[0].Fault
	}
	return contents[0].Data, nil
}

// fileBelow reads a file that kustomize would let its charts read.
func (b *build) fileBelow(k *kustomization, name string) ([]byte, error) {
	place := path.Join(k.folder, name)
	if path.IsAbs(name) {
		place = path.Clean(name)
	}
	found := b.files.find(place)
	switch {
	case found.kind != file:
		return nil, b.files.absent("open", place)
	case !b.params.LoadRestrictorNone && !strings.HasPrefix(found.at, k.folder+"/"):
		return nil, invalid(0, "security; file '%s' is not in or below '%s'", found.at, k.folder)
	}
	return found.data, nil
}

func mergedInline(text []byte, chart types.HelmChart) (map[string]any, error) {
	if len(chart.ValuesInline) == 0 {
		return merged(map[string]any{}, text)
	}
	ofFile, err := yaml.Parse(string(text))
	if err != nil {
		return nil, invalid(0, "could not parse values file into rnode: %s", concealed(err.Error()))
	}
	inline, err := yaml.FromMap(chart.ValuesInline)
	if err != nil {
		return nil, err
	}
	over, under := inline, ofFile
	switch chart.ValuesMerge {
	case "merge":
		over, under = ofFile, inline
	case "", "override":
	default:
		return nil, invalid(0, "valuesMerge must be one of [merge override replace]")
	}
	both, err := merge2.Merge(over, under.Copy(), yaml.MergeOptions{})
	if err != nil {
		return nil, invalid(0, "could not merge values: %s", concealed(err.Error()))
	}
	printed, err := both.String()
	if err != nil {
		return nil, err
	}
	return merged(map[string]any{}, []byte(printed))
}

// marked is what a chart gave, with the mark by which kustomize knows its objects.
func marked(stream []helmDocument) ([]byte, error) {
	var printed, text bytes.Buffer
	for _, document := range stream {
		fmt.Fprintf(&printed, "---\n%s", document.text)
	}
	reader := kio.ByteReader{Reader: &printed, OmitReaderAnnotations: true}
	objects, err := reader.Read()
	if err != nil {
		return nil, invalid(0, "error reading helm output: %s", concealed(err.Error()))
	}
	for _, object := range objects {
		if err := object.PipeE(yaml.SetAnnotation(konfig.HelmGeneratedAnnotation, "true")); err != nil {
			return nil, err
		}
		printed, err := object.String()
		if err != nil {
			return nil, err
		}
		fmt.Fprintf(&text, "---\n%s", printed)
	}
	return text.Bytes(), nil
}
