package main

import (
	"bytes"
	"fmt"
	"strings"
)

// collector turns files into manifests, one after the other.
type collector struct {
	writer   jsonWriter
	limits   directoryLimits
	origins  []Origin
	warnings []Warning

	jsonnet *jsonnetEvaluator // of a directory

	path string // the file being read
	read int    // the documents of it that had a kind
}

func newCollector(limits directoryLimits) *collector {
	return &collector{
		writer:  jsonWriter{out: []byte{'['}, maxBytes: limits.OutputBytes, maxDepth: limits.Depth},
		limits:  limits,
		origins: []Origin{}, warnings: []Warning{},
	}
}

func (c *collector) answer() *Answer {
	return &Answer{Manifests: append(c.writer.out, ']'), Origins: c.origins, Warnings: c.warnings, FactsUsed: []string{}}
}

// candidate takes one file. Argo CD: a link to nowhere or to a folder is passed over with a warning, one that leaves
// the repository is an error.
func (c *collector) candidate(file candidate, content Content) *Fault {
	c.path, c.read = file.path, 0
	if fault := content.Fault; fault != nil {
		if file.link && (fault.Code == CodePathMissing || fault.Code == CodeNotAFile) {
			c.warn("link-ignored", fault.Message, 0)
			return nil
		}
		return fault
	}
	text, badLine := decodeText(content.Data)
	if bytes.Contains(text, []byte(skipMarker)) {
		return nil
	}
	if badLine > 0 {
		c.warn("not-utf8", "bytes that are no UTF-8 were replaced by U+FFFD", badLine)
	}
	switch {
	case isJsonnet(file.path):
		return c.jsonnetFile(text)
	case strings.HasSuffix(file.path, ".json"):
		return c.jsonFile(text)
	default:
		return c.yamlFile(text)
	}
}

// jsonFile takes exactly one object.
func (c *collector) jsonFile(text []byte) *Fault {
	values, err := parseJSONStream(text)
	switch {
	case err != nil:
		return jsonFault(text, err)
	case len(values) != 1:
		return invalid(1, "a JSON file holds exactly one object, this one has %d", len(values))
	case values[0] == nil:
		return invalid(1, "a JSON file holds exactly one object, this one is null")
	}
	return c.object(values[0], 1)
}

// jsonnetFile takes what the file evaluates to: one object, or an array of them.
func (c *collector) jsonnetFile(text []byte) *Fault {
	values, fault := c.jsonnet.evaluate(c.path, text)
	if fault != nil {
		return fault
	}
	return c.objects(values, 1)
}

// yamlFile takes all documents. Argo CD: a file that does not parse is ignored, unless a document of it did parse or
// its text has the words of a manifest.
func (c *collector) yamlFile(text []byte) *Fault {
	documents, fault := splitDocuments(text)
	for _, doc := range documents {
		if fault := c.document(doc); fault != nil {
			return c.unlessForeign(fault, text)
		}
	}
	if fault != nil {
		return c.unlessForeign(fault, text)
	}
	return nil
}

func (c *collector) unlessForeign(fault *Fault, text []byte) *Fault {
	if fault.Code != CodeInvalid || c.read > 0 || looksLikeManifest(text) {
		return fault
	}
	c.warn("file-ignored", "not a manifest: "+fault.Message, fault.Line)
	return nil
}

func (c *collector) document(doc document) *Fault {
	if trimmed := bytes.TrimSpace(doc.text); len(trimmed) > 0 && trimmed[0] == '{' {
		if values, err := parseJSONStream(doc.text); err == nil {
			return c.objects(values, doc.firstLine())
		}
	}
	value, warnings, fault := parseYAML(doc)
	if fault != nil {
		return fault
	}
	for _, warning := range warnings {
		c.warn(warning.Code, warning.Message, warning.Line)
	}
	return c.objects([]any{value}, doc.firstLine())
}

func (c *collector) objects(values []any, line int) *Fault {
	for _, value := range values {
		if value == nil {
			continue
		}
		if fault := c.object(value, line); fault != nil {
			return fault
		}
	}
	return nil
}

// object takes one object, or the items of a list. Argo CD: whatever has a list under `items` is a list, whatever its
// kind; so is one whose items are null and that has neither spec nor status.
func (c *collector) object(value any, line int) *Fault {
	if !isObject(value) {
		return invalid(line, "not an object")
	}
	kind, _ := member(value, "kind").(string)
	if kind == "" {
		return invalid(line, "kind is missing")
	}
	c.read++
	if items, isList := member(value, "items").([]any); isList {
		return c.items(value, items, line)
	}
	if isNullList(value) {
		return nil
	}
	return c.manifest(value, line)
}

func isNullList(value any) bool {
	items, present := lookup(value, "items")
	_, hasSpec := lookup(value, "spec")
	_, hasStatus := lookup(value, "status")
	return present && items == nil && !hasSpec && !hasStatus
}

func (c *collector) items(list any, items []any, line int) *Fault {
	for index, item := range items {
		switch {
		case item == nil:
			continue
		case !isObject(item):
			return invalid(line, "items[%d] is not an object", index)
		}
		if _, nested := member(item, "items").([]any); nested {
			return invalid(line, "items[%d] is itself a list", index)
		}
		inheritKind(list, item)
		if fault := c.manifest(item, line); fault != nil {
			fault.Message = fmt.Sprintf("items[%d]: %s", index, fault.Message)
			return fault
		}
	}
	return nil
}

// inheritKind names an item of a FooList that has no kind of its own, as kubectl does.
func inheritKind(list, item any) {
	kind, _ := member(list, "kind").(string)
	single, isTyped := strings.CutSuffix(kind, "List")
	if member(item, "kind") != nil || member(item, "apiVersion") != nil || !isTyped || single == "" {
		return
	}
	switch item := item.(type) {
	case map[any]any:
		item["kind"], item["apiVersion"] = single, member(list, "apiVersion")
	case map[string]any:
		item["kind"], item["apiVersion"] = single, member(list, "apiVersion")
	}
}

func (c *collector) manifest(value any, line int) *Fault {
	for _, name := range []string{"kind", "apiVersion"} {
		if text, _ := member(value, name).(string); text == "" {
			return invalid(line, "%s is missing", name)
		}
	}
	if len(c.origins) == c.limits.Manifests {
		return &Fault{Code: CodeTooLarge, Line: line, Message: fmt.Sprintf("more than %d manifests", c.limits.Manifests)}
	}
	before := len(c.writer.out)
	if len(c.origins) > 0 {
		c.writer.out = append(c.writer.out, ',')
	}
	if fault := c.writer.write(value, 1); fault != nil {
		c.writer.out = c.writer.out[:before]
		fault.Line = line
		return fault
	}
	c.origins = append(c.origins, Origin{c.path, line})
	return nil
}

func (c *collector) warn(code, message string, line int) {
	switch {
	case len(c.warnings) == c.limits.Warnings:
		return
	case len(c.warnings) == c.limits.Warnings-1:
		code, message = "more-warnings", "there is more to warn of"
	}
	c.warnings = append(c.warnings, Warning{code, message, c.path, line})
}

func isObject(value any) bool {
	switch value.(type) {
	case map[any]any, map[string]any:
		return true
	}
	return false
}

func lookup(object any, name string) (value any, present bool) {
	switch object := object.(type) {
	case map[any]any:
		value, present = object[name]
	case map[string]any:
		value, present = object[name]
	}
	return value, present
}

func member(object any, name string) any {
	value, _ := lookup(object, name)
	return value
}
