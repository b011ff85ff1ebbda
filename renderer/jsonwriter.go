package main

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"unicode/utf8"
)

// jsonWriter writes parsed YAML or JSON as JSON, with the numbers that Kubernetes' own decoding would leave: integers
// within 64 bits stay, larger ones become floats, and whole floats lose their ".0". It stops at its caps, because an
// alias written a hundred times costs the parser nothing and this writer a hundred times.
type jsonWriter struct {
	out      []byte
	maxBytes int
	maxDepth int
}

func (w *jsonWriter) write(value any, depth int) *Fault {
	if depth > w.maxDepth {
		return &Fault{Code: CodeInvalid, Message: fmt.Sprintf("nested deeper than %d levels", w.maxDepth)}
	}
	if len(w.out) > w.maxBytes {
		return &Fault{Code: CodeTooLarge, Message: fmt.Sprintf("the manifests are larger than %d bytes together", w.maxBytes)}
	}
	switch value := value.(type) {
	case map[any]any:
		fields, fault := stringKeys(value)
		if fault != nil {
			return fault
		}
		return writeFields(w, fields, depth)
	case map[string]any:
		fields := make([]field, 0, len(value))
		for name, child := range value {
			fields = append(fields, field{name, child})
		}
		return writeFields(w, fields, depth)
	case []any:
		return w.list(value, depth)
	default:
		return w.scalar(value)
	}
}

type field struct {
	name  string
	value any
}

func writeFields(w *jsonWriter, fields []field, depth int) *Fault {
	slices.SortStableFunc(fields, func(a, b field) int { return compareStrings(a.name, b.name) })
	w.out = append(w.out, '{')
	for i, field := range fields {
		if i > 0 {
			if fields[i-1].name == field.name {
				return &Fault{Code: CodeInvalid, Message: fmt.Sprintf("two keys read as %q", field.name)}
			}
			w.out = append(w.out, ',')
		}
		w.text(field.name)
		w.out = append(w.out, ':')
		if fault := w.write(field.value, depth+1); fault != nil {
			return fault
		}
	}
	w.out = append(w.out, '}')
	return nil
}

func compareStrings(a, b string) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}

// stringKeys turns keys into strings as sigs.k8s.io/yaml does. Where 1 and "1" meet, the one written as a string
// counts; there it is left to chance.
func stringKeys(value map[any]any) ([]field, *Fault) {
	fields := make([]field, 0, len(value))
	for key, child := range value {
		name, fault := keyText(key)
		if fault != nil {
			return nil, fault
		}
		if _, isText := key.(string); !isText {
			if _, written := value[name]; written {
				continue
			}
		}
		fields = append(fields, field{name, child})
	}
	return fields, nil
}

func keyText(key any) (string, *Fault) {
	switch key := key.(type) {
	case string:
		return key, nil
	case bool:
		return strconv.FormatBool(key), nil
	case int:
		return strconv.Itoa(key), nil
	case int64:
		return strconv.FormatInt(key, 10), nil
	case float64:
		switch {
		case math.IsInf(key, 1):
			return ".inf", nil
		case math.IsInf(key, -1):
			return "-.inf", nil
		case math.IsNaN(key):
			return ".nan", nil
		}
		return strconv.FormatFloat(key, 'g', -1, 32), nil
	case nil:
		return "", &Fault{Code: CodeInvalid, Message: "a key is null"}
	default:
		return "", &Fault{Code: CodeInvalid, Message: fmt.Sprintf("a key is a %T", key)}
	}
}

func (w *jsonWriter) list(values []any, depth int) *Fault {
	w.out = append(w.out, '[')
	for i, value := range values {
		if i > 0 {
			w.out = append(w.out, ',')
		}
		if fault := w.write(value, depth+1); fault != nil {
			return fault
		}
	}
	w.out = append(w.out, ']')
	return nil
}

func (w *jsonWriter) scalar(value any) *Fault {
	switch value := value.(type) {
	case nil:
		w.out = append(w.out, "null"...)
	case string:
		w.text(value)
	case bool:
		w.out = strconv.AppendBool(w.out, value)
	case int:
		w.out = strconv.AppendInt(w.out, int64(value), 10)
	case int64:
		w.out = strconv.AppendInt(w.out, value, 10)
	case uint64:
		return w.float(float64(value))
	case float64:
		return w.float(value)
	case json.Number:
		return w.number(value)
	default:
		return &Fault{Code: CodeInvalid, Message: fmt.Sprintf("a value is a %T", value)}
	}
	return nil
}

func (w *jsonWriter) number(value json.Number) *Fault {
	if whole, err := value.Int64(); err == nil {
		w.out = strconv.AppendInt(w.out, whole, 10)
		return nil
	}
	float, err := value.Float64()
	if err != nil {
		return &Fault{Code: CodeInvalid, Message: "a number is out of range"}
	}
	return w.float(float)
}

func (w *jsonWriter) float(value float64) *Fault {
	if value == 0 {
		value = 0 // and not -0
	}
	text, err := json.Marshal(value)
	if err != nil {
		return &Fault{Code: CodeInvalid, Message: "a number is infinite or not a number"}
	}
	w.out = append(w.out, text...)
	return nil
}

const hexDigits = "0123456789abcdef"

// text writes a JSON string; what is no UTF-8 (a !!binary value can be) becomes U+FFFD.
func (w *jsonWriter) text(value string) {
	w.out = append(w.out, '"')
	start := 0
	for i := 0; i < len(value); {
		c := value[i]
		if c >= utf8.RuneSelf {
			r, size := utf8.DecodeRuneInString(value[i:])
			if r == utf8.RuneError && size == 1 {
				w.out = append(append(w.out, value[start:i]...), "\uFFFD"...)
				start = i + 1
			}
			i += size
			continue
		}
		if c < ' ' || c == '"' || c == '\\' {
			w.out = append(w.out, value[start:i]...)
			w.escape(c)
			start = i + 1
		}
		i++
	}
	w.out = append(append(w.out, value[start:]...), '"')
}

func (w *jsonWriter) escape(c byte) {
	switch c {
	case '"', '\\':
		w.out = append(w.out, '\\', c)
	case '\n':
		w.out = append(w.out, '\\', 'n')
	case '\t':
		w.out = append(w.out, '\\', 't')
	case '\r':
		w.out = append(w.out, '\\', 'r')
	default:
		w.out = append(w.out, '\\', 'u', '0', '0', hexDigits[c>>4], hexDigits[c&15])
	}
}
