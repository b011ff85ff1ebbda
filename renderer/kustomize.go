package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"path"
	"regexp"
	"strings"

	"sigs.k8s.io/kustomize/api/konfig"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/provenance"
	"sigs.k8s.io/kustomize/api/resmap"
	"sigs.k8s.io/kustomize/kyaml/openapi"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kustomizeParams is a Kustomize source as Argo CD's `spec.source.kustomize` words it, its environment substituted.
type kustomizeParams struct {
	Path                    string             `json:"path"`
	NamePrefix              string             `json:"name_prefix"`
	NameSuffix              string             `json:"name_suffix"`
	Images                  []string           `json:"images"`
	Replicas                []kustomizeReplica `json:"replicas"`
	CommonLabels            map[string]string  `json:"common_labels"`
	CommonAnnotations       map[string]string  `json:"common_annotations"`
	ForceCommonLabels       bool               `json:"force_common_labels"`
	ForceCommonAnnotations  bool               `json:"force_common_annotations"`
	LabelWithoutSelector    bool               `json:"label_without_selector"`
	LabelIncludeTemplates   bool               `json:"label_include_templates"`
	Namespace               string             `json:"namespace"`
	Patches                 []kustomizePatch   `json:"patches"`
	Components              []string           `json:"components"`
	IgnoreMissingComponents bool               `json:"ignore_missing_components"`

	// What the operator sets in argocd-cm; BuildOptions are the words of `kustomize.buildOptions`.
	BuildOptions       []string `json:"build_options"`
	LoadRestrictorNone bool     `json:"load_restrictor_none"`
	EnableHelm         bool     `json:"enable_helm"`

	KubeVersion string          `json:"kube_version"`
	APIVersions []string        `json:"api_versions"`
	Limits      directoryLimits `json:"limits"`
}

// kustomizationNames are the names that a kustomization may have, in the order of looking.
var kustomizationNames = []string{"kustomization.yaml", "kustomization.yml", "Kustomization"}

// unguessable names the folders that kustomize sees, so that one tree cannot name a file of another.
var unguessable = rand.Text()

// renderKustomize gives the manifests of a kustomization in the order in which kustomize prints them.
func renderKustomize(raw json.RawMessage, source Source) (*Answer, error) {
	var params kustomizeParams
	if err := json.Unmarshal(raw, &params); err != nil {
		return nil, fmt.Errorf("kustomize parameters: %w", err)
	}
	root := path.Clean(params.Path)
	if leavesRepository(root) {
		return nil, &Fault{Code: CodePathEscapes, Message: "the path leaves the repository", Path: params.Path}
	}
	options, err := buildOptions(&params)
	if err != nil {
		return nil, err
	}
	build := newBuild(source, params)
	folder := path.Join(build.files.root(), root)
	if err := build.edit(folder); err != nil {
		return nil, build.fault(err, root)
	}
	resources, err := build.run(options, folder)
	if err != nil {
		return nil, build.fault(err, root)
	}
	if err := nameVersion(resources); err != nil {
		return nil, build.fault(err, root)
	}
	return build.answer(resources, root)
}

// commandVersion is the release of the kustomize command whose library this program holds; go.mod names the library.
const commandVersion = "v5.8.2"

// nameVersion puts the command's version where the library, which looks for it in the program, found none.
func nameVersion(resources resmap.ResMap) error {
	unknown := "kustomize-" + provenance.GetProvenance().Semver()
	for _, resource := range resources.Resources() {
		labels := resource.GetLabels(konfig.ManagedbyLabelKey)
		if labels[konfig.ManagedbyLabelKey] != unknown {
			continue
		}
		if err := resource.PipeE(yaml.SetLabel(konfig.ManagedbyLabelKey, "kustomize-"+commandVersion)); err != nil {
			return err
		}
	}
	return nil
}

// build is one run of kustomize.
type build struct {
	params    kustomizeParams
	source    Source
	files     *buildFiles
	collected *collector

	kustomizations map[string]*kustomization // by the path at which kustomize reads them
	fetched        map[string]fetchedFile    // by URL
	namespaces     map[string]string         // that bases have from above, by their folders
	remotes        int
	refusal        *Fault // the first reason of ours for which the build fails
}

func newBuild(source Source, params kustomizeParams) *build {
	b := &build{
		params: params, source: source, collected: newCollector(params.Limits),
		files:          newBuildFiles(source, params.Limits, unguessable),
		kustomizations: map[string]*kustomization{}, fetched: map[string]fetchedFile{},
		namespaces: map[string]string{},
	}
	b.files.taken = b.taken
	return b
}

func (b *build) refuse(fault *Fault) {
	if b.refusal == nil {
		b.refusal = fault
	}
}

// run calls the library. While it runs, its log and its prints are caught, and the one way to the network that it has,
// net/http's, asks our parent.
func (b *build) run(options *krusty.Options, folder string) (resmap.ResMap, error) {
	b.readAhead(folder)
	var logged bytes.Buffer
	defer b.catch(&logged)()
	resources, err := krusty.MakeKustomizer(options).Run(b.files, folder)
	for line := range strings.Lines(logged.String()) {
		b.warn("kustomize", strings.TrimSpace(line), folder)
	}
	if b.files.outage != nil {
		return nil, b.files.outage
	}
	return resources, err
}

// catch redirects what is global to the process and gives what undoes it.
func (b *build) catch(logged io.Writer) (undo func()) {
	stderr, transport, writer, flags := os.Stderr, http.DefaultTransport, log.Writer(), log.Flags()
	// The deprecations that kustomize prints are warnings of ours already, with their file.
	os.Stderr, http.DefaultTransport = nil, asking{b}
	log.SetOutput(logged)
	log.SetFlags(0)
	return func() {
		os.Stderr, http.DefaultTransport = stderr, transport
		log.SetOutput(writer)
		log.SetFlags(flags)
		if b.ownSchema() {
			openapi.ResetOpenAPI() // the library would keep it for the next build
		}
	}
}

func (b *build) ownSchema() bool {
	for _, known := range b.kustomizations {
		if known.field("openapi") != nil {
			return true
		}
	}
	return false
}

// answer takes the resources as JSON: kustomize's own printing would only turn the same JSON into YAML.
func (b *build) answer(resources resmap.ResMap, root string) (*Answer, error) {
	b.collected.path = b.shownKustomization(path.Join(b.files.root(), root))
	for _, resource := range resources.Resources() {
		text, err := resource.MarshalJSON()
		if err != nil {
			return nil, b.fault(err, root)
		}
		values, err := parseJSONStream(text)
		if err != nil {
			return nil, b.fault(err, root)
		}
		if fault := b.collected.objects(values, 1); fault != nil {
			fault.Path = b.collected.path
			fault.Message = fmt.Sprintf("%s: %s", resource.CurId(), fault.Message)
			return nil, fault
		}
	}
	return b.collected.answer(), nil
}

// warn tells of something once, with the file as the repository knows it.
func (b *build) warn(code, message, name string) {
	b.collected.path = b.shown(name)
	b.collected.warn(code, b.shown(message), 0)
}

// shownKustomization is the path, in the repository, of the kustomization of a folder.
func (b *build) shownKustomization(folder string) string {
	for _, base := range kustomizationNames {
		if b.files.known[path.Join(folder, base)].kind == file {
			return b.shown(path.Join(folder, base))
		}
	}
	return b.shown(folder)
}

// shown words a text as the repository's own: without the folders at which trees are seen.
func (b *build) shown(text string) string {
	var pairs []string
	for i := len(b.files.trees) - 1; i >= 0; i-- {
		tree := b.files.trees[i]
		if tree.shown == "" {
			pairs = append(pairs, tree.folder+"/", "", tree.folder, ".")
		} else {
			pairs = append(pairs, tree.folder, tree.shown)
		}
	}
	return strings.NewReplacer(pairs...).Replace(text)
}

// Parts of kustomize's errors that may hold the content of secrets or credentials.
var confidential = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile("(?s)with config: `.*`"), "with config (not shown)"},
	{regexp.MustCompile(`(?s)literal sources? .*expected key=value`), "literal source (not shown), expected key=value"},
	{regexp.MustCompile(`://[^/\s@'"]*@`), "://"},
}

// longestMessageBytes cuts errors that repeat themselves level by level.
const longestMessageBytes = 4096

// fault makes an error of the library one of ours: its own words, with the paths of the repository.
func (b *build) fault(err error, root string) *Fault {
	var known *Fault
	switch {
	case b.files.outage != nil:
		return asFault(b.files.outage)
	case b.refusal != nil:
		return b.refusal
	case asOurs(err, &known):
		return known
	}
	message := b.shown(strings.TrimSpace(err.Error()))
	for _, part := range confidential {
		message = part.pattern.ReplaceAllLiteralString(message, part.instead)
	}
	if len(message) > longestMessageBytes {
		message = strings.ToValidUTF8(message[:longestMessageBytes], "") + " (cut)"
	}
	return &Fault{Code: CodeInvalid, Message: message, Path: b.shownKustomization(path.Join(b.files.root(), root))}
}
