package form

import (
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// Problem is one mistake of a definition, in words for its editor.
type Problem struct {
	At   string // the place: "steps.applicant.fields.fio"; may be empty
	Key  string // of the message in the catalogues, with Args; empty: there is only Text
	Args []any  // name, value, …: the names are a, b, c
	Text string // the same in English, for the command line and logs
}

func (p Problem) Error() string {
	if p.At == "" {
		return p.Text
	}
	return p.At + ": " + p.Text
}

// In is the mistake with a place before its own.
func (p Problem) In(place string) Problem {
	p.At = strings.Trim(place+": "+p.At, ": ")
	return p
}

// ProblemOf makes a problem; the values are those of the format and of the message.
func ProblemOf(at, key, format string, values ...any) Problem {
	p := Problem{At: at, Key: key, Text: fmt.Sprintf(format, values...)}
	for i, v := range values {
		text := fmt.Sprint(v)
		if r := reflect.ValueOf(v); r.Kind() == reflect.Slice {
			text = strings.Join(strings.Fields(strings.Trim(text, "[]")), ", ")
		}
		p.Args = append(p.Args, string(rune('a'+i)), text)
	}
	return p
}

// Problems are all mistakes of a definition.
type Problems []Problem

func (p Problems) Error() string {
	lines := make([]string, len(p))
	for i := range p {
		lines[i] = p[i].Error()
	}
	return strings.Join(lines, "\n")
}

var (
	unknownKey = regexp.MustCompile(`line (\d+): field (\S+) not found`)
	doubleKey  = regexp.MustCompile(`line (\d+): mapping key "?([^"]*)"? already defined`)
	badValue   = regexp.MustCompile(`line (\d+): cannot unmarshal`)
	badLine    = regexp.MustCompile(`line (\d+)`)
)

// YAMLProblems are the mistakes because of which a file could not be read; file is its
// name. The reader speaks English only: the usual ones are told in words of ours.
func YAMLProblems(file string, err error) Problems {
	texts := []string{err.Error()}
	var many interface{ Unwrap() []error }
	if errors.As(err, &many) {
		texts = nil
		for _, e := range many.Unwrap() {
			texts = append(texts, e.Error())
		}
	} else if _, list, ok := strings.Cut(err.Error(), "unmarshal errors:\n"); ok {
		texts = strings.Split(list, "\n")
	}
	var out Problems
	for _, text := range texts {
		text = strings.TrimSpace(text)
		p := Problem{At: file, Text: text}
		if m := unknownKey.FindStringSubmatch(text); m != nil {
			p.Key, p.Args = "lint.yaml_unknown", []any{"a", m[1], "b", m[2]}
		} else if m := doubleKey.FindStringSubmatch(text); m != nil {
			p.Key, p.Args = "lint.yaml_double", []any{"a", m[1], "b", m[2]}
		} else if m := badValue.FindStringSubmatch(text); m != nil {
			p.Key, p.Args = "lint.yaml_value", []any{"a", m[1]}
		} else if m := badLine.FindStringSubmatch(text); m != nil {
			p.Key, p.Args = "lint.yaml_line", []any{"a", m[1]}
		} else {
			p.Key = "lint.yaml"
		}
		out = append(out, p)
	}
	return out
}
