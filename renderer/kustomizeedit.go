package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strconv"
	"strings"

	"sigs.k8s.io/kustomize/api/pkg/util"
	"sigs.k8s.io/kustomize/api/types"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/kustomize/kyaml/resid"
	"sigs.k8s.io/yaml"
)

type kustomizeReplica struct {
	Name  string          `json:"name"`
	Count json.RawMessage `json:"count"` // a number, or a string that holds one
}

type kustomizePatch struct {
	Path    string           `json:"path"`
	Patch   string           `json:"patch"`
	Target  *kustomizeTarget `json:"target"`
	Options map[string]bool  `json:"options"`
}

type kustomizeTarget struct {
	Group              string `json:"group"`
	Version            string `json:"version"`
	Kind               string `json:"kind"`
	Name               string `json:"name"`
	Namespace          string `json:"namespace"`
	LabelSelector      string `json:"label_selector"`
	AnnotationSelector string `json:"annotation_selector"`
}

// edit writes the overrides of an Application into its kustomization, over the file that the repository has. Argo CD:
// a row is one call of `kustomize edit`, in this order; the patches are put into the file by Argo CD itself.
func (b *build) edit(folder string) error {
	p := b.params
	edits := []struct {
		wanted bool
		apply  func(k *types.Kustomization) error
	}{
		{p.NamePrefix != "", func(k *types.Kustomization) error { k.NamePrefix = p.NamePrefix; return nil }},
		{p.NameSuffix != "", func(k *types.Kustomization) error { k.NameSuffix = p.NameSuffix; return nil }},
		{len(p.Images) > 0, b.setImages},
		{len(p.Replicas) > 0, b.setReplicas},
		{len(p.CommonLabels) > 0, b.addLabels},
		{len(p.CommonAnnotations) > 0, b.addAnnotations},
		{p.Namespace != "", func(k *types.Kustomization) error { k.Namespace = p.Namespace; return nil }},
		{len(p.Patches) > 0, b.addPatches},
		{len(p.Components) > 0, func(k *types.Kustomization) error { return b.addComponents(k, folder) }},
	}
	if !slices.ContainsFunc(edits, func(edit struct {
		wanted bool
		apply  func(k *types.Kustomization) error
	}) bool {
		return edit.wanted
	}) {
		return nil
	}
	name, err := b.kustomizationIn(folder)
	if err != nil {
		return err
	}
	var k types.Kustomization
	if err := k.Unmarshal(b.files.known[name].data); err != nil {
		return err
	}
	k.FixKustomization()
	for _, edit := range edits {
		if !edit.wanted {
			continue
		}
		if err := edit.apply(&k); err != nil {
			return err
		}
	}
	data, err := yaml.Marshal(k)
	if err != nil {
		return err
	}
	b.files.write(name, data)
	return nil
}

// kustomizationIn finds the one kustomization of a folder, as `kustomize edit` does.
func (b *build) kustomizationIn(folder string) (string, error) {
	b.files.load(folder)
	var found []string
	for _, base := range kustomizationNames {
		if b.files.Exists(path.Join(folder, base)) {
			found = append(found, base)
		}
	}
	switch {
	case b.files.outage != nil:
		return "", b.files.outage
	case len(found) == 0:
		return "", fmt.Errorf("Missing kustomization file '%s'.", kustomizationNames[0])
	case len(found) > 1:
		return "", fmt.Errorf("Found multiple kustomization file: %v", found)
	}
	name := path.Join(folder, found[0])
	if b.files.IsDir(name) {
		return "", fmt.Errorf("%s should be a file", found[0])
	}
	return name, nil
}

var errImageFormat = errors.New(`invalid format of image, use one of the following options:
- <image>=<newimage>:<newtag>
- <image>=<newimage>@<digest>
- <image>=<newimage>:<newtag>@<digest>
- <image>=<newimage>
- <image>:<newtag>
- <image>:<newtag>@<digest>
- <image>@<digest>`)

// preserved in place of a name, a tag or a digest keeps what the kustomization says.
const preserved = "*"

// setImages does what `kustomize edit set image` does.
func (b *build) setImages(k *types.Kustomization) error {
	images := map[string]types.Image{}
	for _, text := range b.params.Images {
		image, err := parseImage(text)
		if err != nil {
			return err
		}
		images[image.Name] = image
	}
	for _, before := range k.Images {
		image, overridden := images[before.Name]
		if !overridden {
			image = before
		}
		images[before.Name] = preserving(image, before)
	}
	for name, image := range images {
		images[name] = preserving(image, types.Image{})
	}
	k.Images = k.Images[:0]
	for _, name := range slices.Sorted(maps.Keys(images)) {
		k.Images = append(k.Images, images[name])
	}
	return nil
}

func preserving(image, before types.Image) types.Image {
	for _, field := range []struct {
		now  *string
		then string
	}{{&image.NewName, before.NewName}, {&image.NewTag, before.NewTag}, {&image.Digest, before.Digest}} {
		if *field.now == preserved {
			*field.now = field.then
		}
	}
	return image
}

func parseImage(text string) (types.Image, error) {
	key, value, renamed := strings.Cut(text, "=")
	if !renamed {
		key, value = "", text
	}
	name, tag, digest := util.SplitImageName(value)
	if name == text {
		return types.Image{}, errImageFormat
	}
	if key == "" {
		return types.Image{Name: name, NewTag: tag, Digest: digest}, nil
	}
	return types.Image{Name: key, NewName: name, NewTag: tag, Digest: digest}, nil
}

// setReplicas does what `kustomize edit set replicas` does.
func (b *build) setReplicas(k *types.Kustomization) error {
	replicas := map[string]types.Replica{}
	for _, before := range k.Replicas {
		replicas[before.Name] = before
	}
	for _, wanted := range b.params.Replicas {
		count, err := strconv.ParseInt(strings.Trim(string(wanted.Count), `"`), 10, 64)
		if err != nil || strings.Contains(wanted.Name, "=") {
			return fmt.Errorf("invalid format of replica, use the following format: <name>=<count>")
		}
		replicas[wanted.Name] = types.Replica{Name: wanted.Name, Count: count}
	}
	k.Replicas = k.Replicas[:0]
	for _, name := range slices.Sorted(maps.Keys(replicas)) {
		k.Replicas = append(k.Replicas, replicas[name])
	}
	return nil
}

// addLabels does what `kustomize edit add label` does.
func (b *build) addLabels(k *types.Kustomization) error {
	wanted, err := metadata(b.params.CommonLabels, "label")
	switch {
	case err != nil:
		return err
	case !b.params.LabelWithoutSelector && b.params.LabelIncludeTemplates:
		return errors.New("--without-selector flag must be specified for --include-templates to work")
	case b.params.LabelWithoutSelector:
		return b.addLabelsAlone(k, wanted)
	}
	if k.CommonLabels == nil {
		k.CommonLabels = map[string]string{}
	}
	return addTo(k.CommonLabels, wanted, "label", b.params.ForceCommonLabels)
}

// addLabelsAlone puts labels that select nothing into the first entry of their kind.
func (b *build) addLabelsAlone(k *types.Kustomization, wanted map[string]string) error {
	alike := func(label types.Label) bool {
		return !label.IncludeSelectors && label.IncludeTemplates == b.params.LabelIncludeTemplates
	}
	at := slices.IndexFunc(k.Labels, alike)
	if at < 0 {
		at = len(k.Labels)
		k.Labels = append(k.Labels, types.Label{IncludeTemplates: b.params.LabelIncludeTemplates})
	}
	if k.Labels[at].Pairs == nil {
		k.Labels[at].Pairs = map[string]string{}
	}
	return addTo(k.Labels[at].Pairs, wanted, "label", b.params.ForceCommonLabels)
}

// addAnnotations does what `kustomize edit add annotation` does.
func (b *build) addAnnotations(k *types.Kustomization) error {
	wanted, err := metadata(b.params.CommonAnnotations, "annotation")
	if err != nil {
		return err
	}
	if k.CommonAnnotations == nil {
		k.CommonAnnotations = map[string]string{}
	}
	return addTo(k.CommonAnnotations, wanted, "annotation", b.params.ForceCommonAnnotations)
}

// metadata reads pairs as they come through the command line: split at the first colon, one pair of quotes taken off.
func metadata(pairs map[string]string, kind string) (map[string]string, error) {
	read := map[string]string{}
	for name, value := range pairs {
		key, value, _ := strings.Cut(name+":"+value, ":")
		if key == "" {
			return nil, fmt.Errorf("invalid %s: '%s' (need k:v pair where v may be quoted)", kind, name+":"+value)
		}
		if len(value) >= 2 && value[0] == '"' && value[len(value)-1] == '"' {
			value = value[1 : len(value)-1]
		}
		read[key] = value
	}
	return read, nil
}

func addTo(pairs, wanted map[string]string, kind string, force bool) error {
	for _, key := range slices.Sorted(maps.Keys(wanted)) {
		if _, present := pairs[key]; present && !force {
			return fmt.Errorf("%s %s already in kustomization file. Use --force to override.", kind, key)
		}
		pairs[key] = wanted[key]
	}
	return nil
}

// addPatches appends the Application's patches to the kustomization's own.
func (b *build) addPatches(k *types.Kustomization) error {
	for _, patch := range b.params.Patches {
		added := types.Patch{Path: patch.Path, Patch: patch.Patch}
		if target := patch.Target; target != nil {
			added.Target = &types.Selector{
				ResId: resid.ResId{
					Gvk:  resid.Gvk{Group: target.Group, Version: target.Version, Kind: target.Kind},
					Name: target.Name, Namespace: target.Namespace,
				},
				LabelSelector: target.LabelSelector, AnnotationSelector: target.AnnotationSelector,
			}
		}
		if len(patch.Options) > 0 {
			added.Options = &types.PatchArgs{
				AllowNameChange: patch.Options["allowNameChange"], AllowKindChange: patch.Options["allowKindChange"],
			}
		}
		k.Patches = append(k.Patches, added)
	}
	return nil
}

// addComponents does what `kustomize edit add component` does, patterns included.
func (b *build) addComponents(k *types.Kustomization, folder string) error {
	for _, component := range b.params.Components {
		if b.params.IgnoreMissingComponents && !b.files.Exists(path.Join(folder, component)) {
			continue
		}
		found, err := b.componentsLike(component, folder)
		if err != nil {
			return err
		}
		for _, one := range found {
			if slices.Contains(k.Components, one) {
				b.warn("kustomize", fmt.Sprintf("component %s already in kustomization file", one), folder)
				continue
			}
			k.Components = append(k.Components, one)
		}
	}
	return nil
}

func (b *build) componentsLike(pattern, folder string) ([]string, error) {
	if _, remote := remoteRepository(pattern); remote {
		return []string{pattern}, nil
	}
	found, err := b.files.Glob(path.Join(folder, pattern))
	if err != nil {
		return nil, fmt.Errorf("error checking the filesystem: %w", err)
	}
	if len(found) == 0 {
		_, err := filesys.ConfirmDir(b.files, path.Join(folder, pattern))
		return nil, fmt.Errorf("%s has no match: must build at directory: %w", pattern, err)
	}
	if !strings.ContainsAny(pattern, `*?[\`) {
		return []string{pattern}, nil
	}
	var components []string
	for _, name := range found {
		if !filesys.IsHiddenFilePath(name) || filesys.IsHiddenFilePath(pattern) {
			components = append(components, relative(folder, name))
		}
	}
	return components, nil
}
