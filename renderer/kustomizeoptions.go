package main

import (
	"fmt"
	"strings"

	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/api/types"
)

// A buildOption is one flag of `kustomize build` that an operator may set. The others would run programs, open the
// network, read this machine's files or write to them.
type buildOption struct {
	takesValue bool
	apply      func(value string, params *kustomizeParams, options *krusty.Options) error
}

func ignored(string, *kustomizeParams, *krusty.Options) error { return nil }

var buildFlags = map[string]buildOption{
	"--load-restrictor": {true, func(value string, params *kustomizeParams, _ *krusty.Options) error {
		switch value {
		case types.LoadRestrictionsNone.String(), "none":
			params.LoadRestrictorNone = true
		case types.LoadRestrictionsRootOnly.String(), "rootOnly", "":
			params.LoadRestrictorNone = false
		default:
			return fmt.Errorf("illegal flag value --load-restrictor %s", value)
		}
		return nil
	}},
	"--reorder": {true, func(value string, _ *kustomizeParams, options *krusty.Options) error {
		options.Reorder = krusty.ReorderOption(value)
		if options.Reorder != krusty.ReorderOptionLegacy && options.Reorder != krusty.ReorderOptionNone {
			return fmt.Errorf("illegal flag value --reorder %s; legal values: [legacy none]", value)
		}
		return nil
	}},
	"--enable-helm": {false, func(value string, params *kustomizeParams, _ *krusty.Options) error {
		params.EnableHelm = value == "true"
		return nil
	}},
	"--enable-managedby-label": {false, func(value string, _ *kustomizeParams, options *krusty.Options) error {
		options.AddManagedbyLabel = value == "true"
		return nil
	}},
	"--helm-kube-version": {true, func(value string, params *kustomizeParams, _ *krusty.Options) error {
		params.KubeVersion = value
		return nil
	}},
	"--helm-api-versions": {true, func(value string, params *kustomizeParams, _ *krusty.Options) error {
		params.APIVersions = append(params.APIVersions, strings.Split(value, ",")...)
		return nil
	}},
	"--as-current-user": {false, ignored}, // concerns containers, of which there are none
	"--helm-debug":      {false, ignored},
	"--stack-trace":     {false, ignored},
}

// buildOptions turns the operator's words into what the library understands, and into params what is ours.
func buildOptions(params *kustomizeParams) (*krusty.Options, error) {
	options := krusty.MakeDefaultOptions()
	options.Reorder = krusty.ReorderOptionUnspecified
	words := params.BuildOptions
	for len(words) > 0 {
		name, value, given := strings.Cut(words[0], "=")
		words = words[1:]
		flag, allowed := buildFlags[name]
		switch {
		case !allowed:
			return nil, refusedOption("%s is not allowed", name)
		case flag.takesValue && !given && len(words) == 0:
			return nil, refusedOption("%s needs a value", name)
		case flag.takesValue && !given:
			value, words = words[0], words[1:]
		case !given:
			value = "true"
		}
		if err := flag.apply(value, params, options); err != nil {
			return nil, refusedOption("%s", err)
		}
	}
	if params.LoadRestrictorNone {
		options.LoadRestrictions = types.LoadRestrictionsNone
	}
	return options, nil
}

func refusedOption(format string, arguments ...any) *Fault {
	return &Fault{Code: CodeNotSupported, Message: "kustomize.buildOptions: " + fmt.Sprintf(format, arguments...)}
}
