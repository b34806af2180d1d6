package form

import (
	"encoding/json"
	"fmt"

	"go.yaml.in/yaml/v3"
)

// Text is a text of a definition: Russian, with optional translations. In YAML and JSON a plain
// string is the Russian text; an object has the keys ru, tt and en.
type Text struct {
	RU string `json:"ru"`
	TT string `json:"tt,omitempty"`
	EN string `json:"en,omitempty"`
}

// In answers the text in the language, Russian where there is no translation.
func (t Text) In(lang string) string {
	switch {
	case lang == "tt" && t.TT != "":
		return t.TT
	case lang == "en" && t.EN != "":
		return t.EN
	}
	return t.RU
}

// IsZero tells whether there is no text at all.
func (t Text) IsZero() bool { return t == Text{} }

type plainText Text

// UnmarshalYAML reads a string or a map of languages.
func (t *Text) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*t = Text{RU: n.Value}
		return nil
	}
	if n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			if k := n.Content[i].Value; k != "ru" && k != "tt" && k != "en" {
				return fmt.Errorf("line %d: unknown language %q", n.Content[i].Line, k)
			}
		}
	}
	var p plainText
	if err := n.Decode(&p); err != nil {
		return err
	}
	*t = Text(p)
	return nil
}

// UnmarshalJSON reads a string or an object of languages.
func (t *Text) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*t = Text{RU: s}
		return nil
	}
	var p plainText
	if err := json.Unmarshal(b, &p); err != nil {
		return err
	}
	*t = Text(p)
	return nil
}

// MarshalJSON writes a plain string where only Russian is there, so that the stored bytes of a
// definition are as short as its source.
func (t Text) MarshalJSON() ([]byte, error) {
	if t.TT == "" && t.EN == "" {
		return json.Marshal(t.RU)
	}
	return json.Marshal(plainText(t))
}

// MarshalYAML writes as MarshalJSON does.
func (t Text) MarshalYAML() (any, error) {
	if t.TT == "" && t.EN == "" {
		return t.RU, nil
	}
	m := map[string]string{"ru": t.RU}
	if t.TT != "" {
		m["tt"] = t.TT
	}
	if t.EN != "" {
		m["en"] = t.EN
	}
	return m, nil
}
