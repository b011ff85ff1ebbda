package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-jsonnet"
	"helm.sh/helm/v4/pkg/chart/common"
	"helm.sh/helm/v4/pkg/chart/common/util"
	"helm.sh/helm/v4/pkg/chart/v2/loader"
	chartutil "helm.sh/helm/v4/pkg/chart/v2/util"
	"helm.sh/helm/v4/pkg/engine"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// bareCase is one folder of this disk and the tool that renders it.
type bareCase struct {
	Name   string `json:"name"`
	Tool   string `json:"tool"`
	Folder string `json:"folder"`
}

// bareCalls are the libraries' own calls, as short as their documentation has them: what `./dev bench render` holds
// the renderer against.
var bareCalls = map[string]func(folder string) error{
	"Directory": bareDirectory,
	"Helm":      bareHelm,
	"Jsonnet":   bareJsonnet,
	"Kustomize": bareKustomize,
}

// BenchmarkBare times the cases that the environment names, which the benchmark's Python half gives.
func BenchmarkBare(b *testing.B) {
	given := os.Getenv("RENDERER_BARE_CASES")
	if given == "" {
		b.Skip("no cases in RENDERER_BARE_CASES")
	}
	var cases []bareCase
	if err := json.Unmarshal([]byte(given), &cases); err != nil {
		b.Fatal(err)
	}
	for _, one := range cases {
		b.Run(one.Name, func(b *testing.B) {
			for range b.N {
				if err := bareCalls[one.Tool](one.Folder); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func bareHelm(folder string) error {
	loaded, err := loader.LoadDir(folder)
	if err != nil {
		return err
	}
	values := map[string]any{}
	if err := chartutil.ProcessDependencies(loaded, values); err != nil {
		return err
	}
	release := common.ReleaseOptions{Name: "bench", Namespace: "bench", Revision: 1, IsInstall: true}
	top, err := util.ToRenderValues(loaded, values, release, common.DefaultCapabilities)
	if err != nil {
		return err
	}
	files, err := engine.Render(loaded, top)
	if err != nil {
		return err
	}
	for name, text := range files {
		if !strings.HasSuffix(name, "NOTES.txt") {
			if err := bareYAML([]byte(text)); err != nil {
				return err
			}
		}
	}
	return nil
}

func bareKustomize(folder string) error {
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(filesys.MakeFsOnDisk(), folder)
	if err != nil {
		return err
	}
	_, err = resources.AsYaml()
	return err
}

func bareJsonnet(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.jsonnet"))
	if err != nil {
		return err
	}
	for _, name := range names {
		if _, err := jsonnet.MakeVM().EvaluateFile(name); err != nil {
			return err
		}
	}
	return nil
}

func bareDirectory(folder string) error {
	names, err := filepath.Glob(filepath.Join(folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		if err := bareYAML(text); err != nil {
			return err
		}
	}
	return nil
}

func bareYAML(text []byte) error {
	for document := range strings.SplitSeq(string(text), "\n---") {
		if _, err := yaml.YAMLToJSON([]byte(document)); err != nil {
			return err
		}
	}
	return nil
}
