package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"
	"text/template"
	"time"

	"github.com/Masterminds/sprig/v3"
	"sigs.k8s.io/yaml"
)

// Go templates of ApplicationSets: every text of a JSON template, keys included, is a template of its own that is filled
// with one set of parameters. Argo CD: text/template with sprig, less what reads the environment or the network.

// No single text grows beyond this, and all of a request together end by this time. What writes nothing and never ends
// is stopped by the child's own limits.
const (
	oneTextBytes   = 1 << 20
	allFilledBytes = 48 << 20
	allTemplates   = 10 * time.Second
)

// filling is one set of parameters for one of the request's templates.
type filling struct {
	Template int            `json:"template"`
	Params   map[string]any `json:"params"`
}

type fillingParams struct {
	Templates []any     `json:"templates"`
	Options   []string  `json:"options"`
	Runs      []filling `json:"runs"`
}

// fillGoTemplates answers each run with the template filled, or with the fault and the text at fault.
func fillGoTemplates(params json.RawMessage, _ Source) (*Answer, error) {
	var given fillingParams
	if err := json.Unmarshal(params, &given); err != nil {
		return nil, &Fault{Code: CodeInvalid, Message: "parameters of templates that do not read"}
	}
	filler := &filler{options: given.Options, parsed: map[string]*template.Template{}, until: time.Now().Add(allTemplates)}
	results, size := make([]json.RawMessage, 0, len(given.Runs)), 0
	for _, run := range given.Runs {
		encoded, err := encode(filler.outcome(given.Templates, run))
		if err != nil {
			return nil, err
		}
		if size += len(encoded); size > allFilledBytes {
			return nil, &Fault{Code: CodeTooLarge, Message: fmt.Sprintf("the templates of one request give more than %d bytes", allFilledBytes)}
		}
		results = append(results, encoded)
	}
	return listed(results)
}

// filler keeps every text parsed for all runs of one request.
type filler struct {
	options []string
	parsed  map[string]*template.Template
	until   time.Time
}

// textFault tells which text failed, and why.
type textFault struct {
	text   string
	reason error
}

func (f *textFault) Error() string { return f.reason.Error() }

func (f *filler) outcome(templates []any, run filling) outcome {
	if run.Template < 0 || run.Template >= len(templates) {
		return outcome{Fault: "no such template"}
	}
	if run.Params == nil {
		run.Params = map[string]any{}
	}
	value, err := f.filled(templates[run.Template], run.Params)
	var fault *textFault
	switch {
	case errors.As(err, &fault):
		return outcome{Fault: fault.Error(), Program: fault.text, Endless: errors.Is(err, errTooSlow)}
	case err != nil:
		return outcome{Fault: err.Error()}
	}
	return outcome{Value: value}
}

func (f *filler) filled(value any, params map[string]any) (any, error) {
	switch value := value.(type) {
	case string:
		return f.text(value, params)
	case []any:
		list := make([]any, len(value))
		for i, item := range value {
			made, err := f.filled(item, params)
			if err != nil {
				return nil, err
			}
			list[i] = made
		}
		return list, nil
	case map[string]any:
		return f.object(value, params)
	default:
		return value, nil
	}
}

func (f *filler) object(value, params map[string]any) (any, error) {
	object := make(map[string]any, len(value))
	for key, item := range value {
		name, err := f.text(key, params)
		if err != nil {
			return nil, err
		}
		if object[name], err = f.filled(item, params); err != nil {
			return nil, err
		}
	}
	return object, nil
}

func (f *filler) text(text string, params map[string]any) (string, error) {
	if !strings.Contains(text, "{{") {
		return text, nil
	}
	parsed, known := f.parsed[text]
	if !known {
		var err error
		if parsed, err = parseGoTemplate(text, f.options); err != nil {
			return "", &textFault{text, err}
		}
		f.parsed[text] = parsed
	}
	out := &boundedText{until: f.until}
	if err := parsed.Execute(out, params); err != nil {
		return "", &textFault{text, err}
	}
	return out.String(), nil
}

func parseGoTemplate(text string, options []string) (parsed *template.Template, err error) {
	// The library answers an unknown option with a panic.
	defer func() {
		if reason := recover(); reason != nil {
			parsed, err = nil, fmt.Errorf("goTemplateOptions: %v", reason)
		}
	}()
	return template.New("").Funcs(templateFunctions).Option(options...).Parse(text)
}

var (
	errTooLong = fmt.Errorf("it gives more than %d bytes", oneTextBytes)
	errTooSlow = errors.New("the templates of this request take too long")
)

// boundedText takes what a template writes, as long as there is time and room.
type boundedText struct {
	bytes.Buffer
	until time.Time
}

func (b *boundedText) Write(part []byte) (int, error) {
	if b.Len()+len(part) > oneTextBytes {
		return 0, errTooLong
	}
	if time.Now().After(b.until) {
		return 0, errTooSlow
	}
	return b.Buffer.Write(part)
}

var templateFunctions = goTemplateFunctions()

func goTemplateFunctions() template.FuncMap {
	functions := template.FuncMap(sprig.GenericFuncMap())
	for _, name := range []string{"env", "expandenv", "getHostByName"} {
		delete(functions, name)
	}
	functions["normalize"] = normalized
	functions["slugify"] = slugified
	functions["toYaml"] = toYAML
	functions["fromYaml"] = func(text string) (value map[string]any, err error) {
		value = map[string]any{}
		return value, yaml.Unmarshal([]byte(text), &value)
	}
	functions["fromYamlArray"] = func(text string) (value []any, err error) {
		value = []any{}
		return value, yaml.Unmarshal([]byte(text), &value)
	}
	return functions
}

func toYAML(value any) (string, error) {
	text, err := yaml.Marshal(value)
	return strings.TrimSuffix(string(text), "\n"), err
}

const longestName = 253

var (
	notInNames = regexp.MustCompile(`[^-a-z0-9.]`)
	notInSlugs = regexp.MustCompile(`[^a-zA-Z0-9_-]`)
	dashes     = regexp.MustCompile(`-+`)
)

// normalized makes a name of any text. Argo CD: utils.SanitizeName.
func normalized(text string) string {
	name := notInNames.ReplaceAllString(strings.ToLower(text), "-")
	return strings.Trim(name[:min(len(name), longestName)], "-.")
}

// slugified takes a size, whether to cut at a dash, and a text; what is left out is 50, no, and nothing. Argo CD: SlugifyName.
func slugified(arguments ...any) (string, error) {
	size, smart, text := 50, false, ""
	for i, argument := range arguments {
		fits := false
		switch i {
		case 0:
			size, fits = argument.(int)
		case 1:
			smart, fits = argument.(bool)
		case 2:
			text, fits = argument.(string)
		}
		if !fits {
			return "", fmt.Errorf("slugify wants a size, whether to cut at a dash, and a text: argument %d is a %T", i+1, argument)
		}
	}
	return slug(normalized(text), size, smart), nil
}

func slug(text string, size int, smart bool) string {
	if size = max(size, 0); !smart && len(text) >= size {
		text = text[:size]
	}
	text = dashes.ReplaceAllString(notInSlugs.ReplaceAllString(text, "-"), "-")
	text = strings.Trim(text, "-_")
	if !smart || size == 0 || len(text) <= size {
		return text
	}
	if cut := strings.LastIndex(text[:size+1], "-"); cut >= 0 {
		return text[:cut]
	}
	return text[:size]
}
