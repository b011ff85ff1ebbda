package main

import (
	"errors"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/yaml"
)

// kustomization is one kustomization file as far as it names other files.
type kustomization struct {
	folder string
	data   []byte // as kustomize is to see it
	top    *yaml.Node
	refs   []string // the clean paths of what it names in the trees
	refuse *Fault   // a remote that it needs and that could not be had
}

// Fields of a kustomization, by what their entries name.
var (
	folderFields    = []string{"resources", "bases", "components", "generators", "transformers", "validators"}
	fileFields      = []string{"crds", "configurations", "patchesStrategicMerge"}
	pathFields      = []string{"patches", "patchesJson6902", "replacements"}
	generatorFields = []string{"configMapGenerator", "secretGenerator"}
)

// readAhead reads a kustomization and all that it names, level by level, with one question to the parent a level.
func (b *build) readAhead(folder string) {
	for names := []string{folder}; len(names) > 0; {
		b.files.load(names...)
		var next []string
		for _, name := range names {
			for _, base := range kustomizationNames {
				next = append(next, b.understand(path.Join(name, base))...)
			}
		}
		names = next
	}
}

// understand parses a kustomization that has been loaded, and gives the paths that it names, the first time.
func (b *build) understand(name string) []string {
	found := b.files.known[name]
	if _, before := b.kustomizations[name]; before || found.kind != file {
		return nil
	}
	known := &kustomization{folder: path.Dir(name), data: found.data}
	b.kustomizations[name] = known
	var document yaml.Node
	// What does not parse is left to kustomize, which says so in its own words.
	if err := yaml.Unmarshal(found.data, &document); err != nil || len(document.Content) != 1 {
		return nil
	}
	known.top = document.Content[0]
	if b.bringRemotes(known, name) {
		if data, err := yaml.Marshal(&document); err == nil {
			known.data = data
		}
	}
	known.collect()
	return known.refs
}

// taken is called for each file that kustomize reads.
func (b *build) taken(name string, data []byte) ([]byte, error) {
	if fault := checkAliases(data); fault != nil {
		fault.Path = b.shown(name)
		b.refuse(fault)
		return nil, fault
	}
	if !slices.Contains(kustomizationNames, path.Base(name)) {
		return data, nil
	}
	b.readAhead(path.Dir(name))
	known := b.kustomizations[name]
	if known == nil {
		return data, nil
	}
	if known.refuse != nil {
		b.refuse(known.refuse)
	}
	for _, message := range known.deprecations() {
		b.warn("deprecated", message, name)
	}
	return b.inflated(known, name)
}

// field gives the value of a field; kustomize decodes with encoding/json, for which the case of a name does not matter.
func (k *kustomization) field(name string) *yaml.Node {
	return mappingValue(k.top, name)
}

func mappingValue(node *yaml.Node, name string) *yaml.Node {
	if node = dealiased(node); node == nil || node.Kind != yaml.MappingNode {
		return nil
	}
	for i := len(node.Content) - 2; i >= 0; i -= 2 {
		if strings.EqualFold(node.Content[i].Value, name) {
			return dealiased(node.Content[i+1])
		}
	}
	return nil
}

func items(node *yaml.Node) []*yaml.Node {
	if node == nil || node.Kind != yaml.SequenceNode {
		return nil
	}
	return node.Content
}

func dealiased(node *yaml.Node) *yaml.Node {
	if node != nil && node.Kind == yaml.AliasNode {
		return node.Alias
	}
	return node
}

// collect lists what the kustomization names and is not remote.
func (k *kustomization) collect() {
	for _, field := range append(folderFields, fileFields...) {
		for _, item := range items(k.field(field)) {
			k.name(dealiased(item))
		}
	}
	for _, field := range pathFields {
		for _, item := range items(k.field(field)) {
			k.name(mappingValue(item, "path"))
		}
	}
	for _, field := range generatorFields {
		for _, item := range items(k.field(field)) {
			k.nameSources(item)
		}
	}
	k.name(mappingValue(k.field("openapi"), "path"))
}

func (k *kustomization) nameSources(generator *yaml.Node) {
	for _, source := range items(mappingValue(generator, "files")) {
		if source = dealiased(source); source.Kind == yaml.ScalarNode {
			_, file, named := strings.Cut(source.Value, "=")
			if !named {
				file = source.Value
			}
			k.nameText(file)
		}
	}
	for _, source := range items(mappingValue(generator, "envs")) {
		k.name(dealiased(source))
	}
	k.name(mappingValue(generator, "env"))
}

func (k *kustomization) name(node *yaml.Node) {
	if node != nil && node.Kind == yaml.ScalarNode {
		k.nameText(node.Value)
	}
}

func (k *kustomization) nameText(text string) {
	if text == "" || strings.ContainsAny(text, "\n\x00") || strings.Contains(text, "://") || path.IsAbs(text) {
		return
	}
	k.refs = append(k.refs, path.Join(k.folder, text))
}

// deprecations are what kustomize prints about fields that it wants no more.
func (k *kustomization) deprecations() []string {
	var present types.Kustomization
	if k.present("bases") {
		present.Bases = []string{}
	}
	if k.present("commonLabels") {
		present.CommonLabels = map[string]string{}
	}
	if k.present("imageTags") {
		present.ImageTags = []types.Image{}
	}
	if k.present("patchesJson6902") {
		present.PatchesJson6902 = []types.Patch{}
	}
	if k.present("patchesStrategicMerge") {
		present.PatchesStrategicMerge = []types.PatchStrategicMerge{}
	}
	if k.present("vars") {
		present.Vars = []types.Var{}
	}
	messages := *present.CheckDeprecatedFields()
	for i, message := range messages {
		messages[i] = strings.TrimPrefix(message, "# Warning: ")
	}
	return messages
}

func (k *kustomization) present(field string) bool {
	value := k.field(field)
	return value != nil && value.Tag != yaml.NodeTagNull
}

func asOurs(err error, fault **Fault) bool { return errors.As(err, fault) }

// relative is the path from a folder to a place, both as kustomize sees them.
func relative(folder, to string) string {
	text, err := filepath.Rel(folder, to)
	if err != nil {
		return to
	}
	return text
}
