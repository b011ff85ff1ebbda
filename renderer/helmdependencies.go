package main

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"

	"github.com/Masterminds/semver/v3"

	chart "helm.sh/helm/v4/pkg/chart/v2"
)

func newGzipReader(data []byte) (io.Reader, error) { return gzip.NewReader(bytes.NewReader(data)) }

// complete brings the dependencies that a chart names and does not hold, as `helm dependency build` does: at the
// versions of Chart.lock where there is one. Helm alone would render without them and say nothing.
func (l *chartLoader) complete(loaded *chart.Chart, at Mounted) error {
	wanted := loaded.Metadata.Dependencies
	if len(lacking(loaded)) == 0 {
		return nil
	}
	if lock := loaded.Lock; lock != nil && loaded.Metadata.APIVersion == chart.APIVersionV2 && lock.Digest != lockDigest(wanted, lock.Dependencies) {
		return invalid(0, "Chart.lock is out of sync with the dependencies in Chart.yaml: run helm dependency update and commit the result")
	}
	for i, dependency := range wanted {
		if !slices.Contains(lacking(loaded), dependency.Name) {
			continue
		}
		brought, err := l.bring(dependency, lockedVersion(loaded, i), at)
		if err != nil {
			return err
		}
		if brought == nil {
			return invalid(0, "dependency %s is in Chart.yaml, but missing in the charts/ folder, and it names no repository", dependency.Name)
		}
		loaded.AddDependency(brought)
	}
	if names := lacking(loaded); len(names) > 0 {
		return invalid(0, "found in Chart.yaml, but missing in charts/ directory: %s", strings.Join(names, ", "))
	}
	return nil
}

// lacking names the dependencies of Chart.yaml that are not there.
func lacking(loaded *chart.Chart) []string {
	var names []string
	for _, dependency := range loaded.Metadata.Dependencies {
		isIt := func(there *chart.Chart) bool { return there.Name() == dependency.Name }
		if !slices.ContainsFunc(loaded.Dependencies(), isIt) {
			names = append(names, dependency.Name)
		}
	}
	return names
}

// lockDigest is what Helm writes into Chart.lock.
func lockDigest(wanted, locked []*chart.Dependency) string {
	data, err := json.Marshal([2][]*chart.Dependency{wanted, locked})
	if err != nil {
		return ""
	}
	sum := sha256.Sum256(data)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// lockedVersion is the version of a dependency in Chart.lock, which lists them in the order of Chart.yaml.
func lockedVersion(loaded *chart.Chart, index int) string {
	wanted := loaded.Metadata.Dependencies[index]
	if lock := loaded.Lock; lock != nil && index < len(lock.Dependencies) && lock.Dependencies[index].Name == wanted.Name {
		return lock.Dependencies[index].Version
	}
	return wanted.Version
}

// bring loads one dependency from its repository; nil when it names none.
func (l *chartLoader) bring(dependency *chart.Dependency, version string, at Mounted) (*chart.Chart, error) {
	folder, isLocal := strings.CutPrefix(dependency.Repository, "file://")
	switch {
	case dependency.Repository == "":
		return nil, nil
	case isLocal && (path.IsAbs(folder) || leavesRepository(path.Join(at.Path, folder))):
		return nil, &Fault{Code: CodePathEscapes, Path: at.Path, Message: fmt.Sprintf("dependency %s: %s leaves the repository", dependency.Name, dependency.Repository)}
	case isLocal:
		return l.local(dependency, version, Mounted{at.Mount, path.Join(at.Path, folder)})
	}
	mounted, err := l.source.Fetch(Remote{Kind: "chart", URL: dependency.Repository, Name: dependency.Name, Version: version})
	if err != nil {
		return nil, about(dependency, err)
	}
	brought, err := l.load(mounted)
	if err != nil {
		return nil, about(dependency, err)
	}
	return brought, nil
}

// local takes a chart of the same repository if its version fits.
func (l *chartLoader) local(dependency *chart.Dependency, version string, at Mounted) (*chart.Chart, error) {
	brought, err := l.load(at)
	if err != nil {
		return nil, about(dependency, err)
	}
	constraint, err := semver.NewConstraint(version)
	if err != nil {
		return nil, invalid(0, "dependency %s has an invalid version/constraint format: %s", dependency.Name, err)
	}
	found, err := semver.NewVersion(brought.Metadata.Version)
	if err != nil {
		return nil, invalid(0, "dependency %s: its version %q: %s", dependency.Name, brought.Metadata.Version, err)
	}
	if !constraint.Check(found) {
		return nil, invalid(0, "dependency %s is wanted as %s, but %s is %s", dependency.Name, version, dependency.Repository, found)
	}
	return brought, nil
}

// about says which dependency an error is about.
func about(dependency *chart.Dependency, err error) error {
	fault := *asFault(err)
	fault.Message = fmt.Sprintf("dependency %s (%s): %s", dependency.Name, concealed(dependency.Repository), fault.Message)
	return &fault
}
