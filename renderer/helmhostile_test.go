package main

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"fmt"
	"strings"
	"testing"
)

const (
	webChart = "apiVersion: v2\nname: web\nversion: 1.2.3\n"
	dbChart  = "apiVersion: v2\nname: db\nversion: 0.1.0\n"
	needsDB  = webChart + "dependencies:\n- {name: db, version: 0.1.0, repository: %s}\n"
)

// aChart is a chart in the folder "app" with one template.
func aChart(template string, more ...string) map[string]string {
	files := map[string]string{"app/Chart.yaml": webChart, "app/templates/a.yaml": template}
	for i := 0; i < len(more); i += 2 {
		files[more[i]] = more[i+1]
	}
	return files
}

// packedFile is one file of an archive.
type packedFile struct {
	name, text string
	kind       byte
}

func packed(t *testing.T, members ...packedFile) string {
	t.Helper()
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	writer := tar.NewWriter(zipped)
	for _, one := range members {
		header := tar.Header{Name: one.name, Typeflag: one.kind, Mode: 0o644, Size: int64(len(one.text))}
		if one.kind == tar.TypeSymlink {
			header.Size, header.Linkname = 0, one.text
		}
		if err := writer.WriteHeader(&header); err != nil {
			t.Fatal(err)
		}
		if header.Size > 0 {
			if _, err := writer.Write([]byte(one.text)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if writer.Close() != nil || zipped.Close() != nil {
		t.Fatal("the archive cannot be written")
	}
	return out.String()
}

func TestHostileChartsEndInACleanError(t *testing.T) {
	object := cm("a")
	many := make([]packedFile, 30_000)
	for i := range many {
		many[i] = packedFile{name: fmt.Sprintf("db/files/%d", i)}
	}
	inner := packed(t, packedFile{name: "x/Chart.yaml", text: dbChart}, packedFile{name: "x/big", text: strings.Repeat("0", 2<<20)})
	for name, row := range map[string]struct {
		files map[string]string
		code  string
		want  string
	}{
		"no chart":                    {map[string]string{"app/x.yaml": object}, CodePathMissing, "there is no Chart.yaml"},
		"a link out":                  {aChart("-> ../../../etc/passwd"), CodePathEscapes, "a link leaves the repository"},
		"a link by its whole path":    {aChart("-> /etc/passwd"), CodePathEscapes, "a link leaves the repository"},
		"a link to nowhere":           {aChart("-> none.yaml"), CodePathMissing, "no such file"},
		"a link to its own folder":    {aChart(object, "app/files/round", "-> ../files"), CodeTooLarge, "links lead in a circle"},
		"a dependency outside":        {aChart(object, "app/Chart.yaml", fmt.Sprintf(needsDB, "file://../../x")), CodePathEscapes, "dependency db: file://../../x leaves the repository"},
		"a dependency of the machine": {aChart(object, "app/Chart.yaml", fmt.Sprintf(needsDB, "file:///etc")), CodePathEscapes, "leaves the repository"},
		"a dependency that is itself": {aChart(object, "app/Chart.yaml", fmt.Sprintf(needsDB, "file://.")), CodeInvalid, "is wanted as 0.1.0, but file://. is 1.2.3"},
		"a dependency not allowed":    {aChart(object, "app/Chart.yaml", fmt.Sprintf(needsDB, "https://me:secret@charts.example.com")), CodeNotSupported, "dependency db (https://charts.example.com): the project does not allow"},
		"a dependency not there":      {aChart(object, "app/Chart.yaml", fmt.Sprintf(needsDB, "file://../db")), CodePathMissing, "dependency db (file://../db): there is no Chart.yaml"},
		"no repository":               {aChart(object, "app/Chart.yaml", fmt.Sprintf(needsDB, `""`)), CodeInvalid, "dependency db is in Chart.yaml, but missing in the charts/ folder"},
		"an old lock":                 {aChart(object, "app/Chart.yaml", fmt.Sprintf(needsDB, "file://../db"), "app/Chart.lock", "digest: sha256:0\n"), CodeInvalid, "Chart.lock is out of sync"},
		"a bomb":                      {aChart(object, "app/charts/db.tgz", packed(t, packedFile{name: "db/Chart.yaml", text: dbChart}, packedFile{name: "db/big", text: strings.Repeat("0", 2<<20)})), CodeTooLarge, "larger than 1048576 bytes together"},
		"a bomb of empty files":       {aChart(object, "app/charts/db.tgz", packed(t, many...)), CodeTooLarge, "more than 20000 files"},
		"a bomb in an archive":        {aChart(object, "app/charts/db.tgz", packed(t, packedFile{name: "db/Chart.yaml", text: dbChart}, packedFile{name: "db/charts/x.tgz", text: inner})), CodeTooLarge, "larger than 1048576 bytes together"},
		"a name that climbs":          {aChart(object, "app/charts/db.tgz", packed(t, packedFile{name: "db/../../x", text: "x"})), CodeInvalid, "references parent directory"},
		"a name from the root":        {aChart(object, "app/charts/db.tgz", packed(t, packedFile{name: "db//etc/x", text: "x"})), CodeInvalid, "absolute paths"},
		"no archive":                  {aChart(object, "app/charts/db.tgz", "text"), CodeInvalid, "the archive does not read as a chart"},
		"a cut archive":               {aChart(object, "app/charts/db.tgz", packed(t, packedFile{name: "db/x", text: "x"})[:30]), CodeInvalid, "the archive does not read as a chart"},
		"deep objects":                {aChart(object + "v: " + strings.Repeat("[", 300) + strings.Repeat("]", 300)), CodeInvalid, "nested deeper than 200 levels"},
		"many brackets":               {aChart(object + "v: " + strings.Repeat("[", 100_000)), CodeInvalid, "exceeded max depth of 10000"},
		"an alias bomb":               {aChart(object + bomb(9)), CodeInvalid, "excessive aliasing"},
		"an alias bomb of values":     {aChart(object, "app/values.yaml", bomb(9)), CodeInvalid, "excessive aliasing"},
		"many brackets of values":     {aChart(object, "app/values.yaml", "v: "+strings.Repeat("[", 100_000)), CodeInvalid, "exceeded max depth of 10000"},
		"an endless include":          {aChart(`{{ define "x" }}{{ include "x" . }}{{ end }}{{ include "x" . }}`), CodeInvalid, "nested reference name"},
		"a double star to ignore":     {aChart(object, "app/.helmignore", "**/x\n"), CodeInvalid, "double-star (**) syntax is not supported"},
		"an alias out of bounds":      {aChart(object, "app/Chart.yaml", webChart+"dependencies: [{name: db, alias: ../x}]\n"), CodeInvalid, "disallowed characters in the alias"},
		"another API":                 {aChart(object, "app/Chart.yaml", "apiVersion: v3\nname: web\nversion: 1.0.0\n"), CodeInvalid, "unsupported chart version v3"},
		"no kind":                     {aChart("apiVersion: v1\nmetadata: {name: a}\n"), CodeInvalid, "kind is missing"},
		"a text":                      {aChart("just text\n"), CodeInvalid, "cannot unmarshal"},
		"a secret in tpl":             {aChart(`{{ tpl .Values.t . }}`, "app/values.yaml", "t: hunter2 {{ fail"), CodeInvalid, `cannot parse template (not shown)`},
		"a secret in a broken tpl":    {aChart(`{{ tpl .Values.t 3 }}`, "app/values.yaml", "t: 'hunter2 \" {{ .x.y.z }}'"), CodeInvalid, `error during tpl function execution for (not shown)`},
		"a secret in the schema":      {aChart(object, "app/values.schema.json", `{"properties": {"p": {"pattern": "^x"}}}`, "app/values.yaml", "p: hunter2\n"), CodeInvalid, "does not match"},
	} {
		answer, fault := templated(t, newMemory(row.files), helmParams{Chart: helmPlace{Path: "app"}})
		switch {
		case fault == nil:
			t.Errorf("%s: rendered %s", name, answer.Manifests)
		case fault.Code != row.code || !strings.Contains(fault.Message, row.want):
			t.Errorf("%s: %+v", name, fault)
		case strings.Contains(fault.Message+fault.Path, "hunter2") || strings.Contains(fault.Message, "secret@"):
			t.Errorf("%s: tells too much: %+v", name, fault)
		}
	}
}

func TestParametersThatAreNoneAreRefused(t *testing.T) {
	files := aChart(cm("a"), "app/broken.yaml", "a: [\n")
	for name, row := range map[string]struct {
		params helmParams
		want   string
	}{
		"a chart outside":       {helmParams{Chart: helmPlace{Path: "../app"}}, "the path leaves the repository"},
		"values outside":        {helmParams{ValueFiles: []helmValueFile{{At: helmPlace{Path: "../x"}}}}, "the path leaves the repository"},
		"a parameter outside":   {helmParams{FileParameters: []helmFileParam{{Name: "a", At: helmPlace{Path: "/etc/passwd"}}}}, "the path leaves the repository"},
		"values not there":      {helmParams{ValueFiles: []helmValueFile{{At: helmPlace{Path: "app/none.yaml"}}}}, "no such file"},
		"a pattern for nothing": {helmParams{ValueFiles: []helmValueFile{{At: helmPlace{Path: "app/*.yml"}, Pattern: true}}}, "no value file matches this pattern"},
		"a file not there":      {helmParams{FileParameters: []helmFileParam{{Name: "a", At: helmPlace{Path: "none"}}}}, "no such file"},
		"broken values":         {helmParams{ValueFiles: []helmValueFile{{At: helmPlace{Path: "app/broken.yaml"}}}}, "cannot unmarshal yaml document"},
		"broken inline values":  {helmParams{Values: "a: ["}, "helm.values: cannot unmarshal yaml document"},
		"a broken parameter":    {helmParams{Parameters: []helmParameter{{Name: "a[x]", Value: "1"}}}, "parameter a[x]: error parsing index"},
		"a huge index":          {helmParams{Parameters: []helmParameter{{Name: "a[9999999]", Value: "1"}}}, "index of 9999999 is greater than maximum"},
		"a name too long":       {helmParams{ReleaseName: strings.Repeat("a", 54)}, "the length must not be longer than 53"},
		"no version":            {helmParams{KubeVersion: "many"}, "invalid kube version 'many'"},
		"a URL not allowed":     {helmParams{ValueFiles: []helmValueFile{{At: helmPlace{URL: "https://example.com/v.yaml"}}}}, "the project does not allow this source"},
		"a ref of nobody":       {helmParams{ValueFiles: []helmValueFile{{At: helmPlace{Ref: "x", Path: "v.yaml"}}}}, "the project does not allow this source"},
	} {
		if row.params.Chart.Path == "" {
			row.params.Chart.Path = "app"
		}
		files["app/templates/a.yaml"] = cm("a") + "v: {{ .Capabilities.KubeVersion }}\n"
		if answer, fault := templated(t, newMemory(files), row.params); fault == nil || !strings.Contains(fault.Message, row.want) {
			t.Errorf("%s: %v %+v", name, answer, fault)
		}
	}
}
