package app

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Secret is a value that may stand in the file itself, in another file
// ({file: /run/secrets/x}, its last line end is cut) or in the environment
// ({env: OKNO_X}). It never shows itself in logs.
type Secret string

// String hides the value from formatted output.
func (Secret) String() string { return "(secret)" }

// GoString hides the value from %#v.
func (Secret) GoString() string { return "(secret)" }

// MarshalYAML hides the value from configuration dumps.
func (s Secret) MarshalYAML() (any, error) {
	if s == "" {
		return "", nil
	}
	return "(secret)", nil
}

// UnmarshalYAML reads the three forms.
func (s *Secret) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		*s = Secret(n.Value)
		return nil
	}
	var from struct {
		File string `yaml:"file"`
		Env  string `yaml:"env"`
	}
	if err := n.Decode(&from); err != nil || len(n.Content) != 2 || (from.File == "") == (from.Env == "") {
		return fmt.Errorf("line %d: a secret is a text, {file: …} or {env: …}", n.Line)
	}
	if from.Env != "" {
		v, ok := os.LookupEnv(from.Env)
		if !ok {
			return fmt.Errorf("line %d: the environment has no %s", n.Line, from.Env)
		}
		*s = Secret(v)
		return nil
	}
	raw, err := os.ReadFile(from.File)
	if err != nil {
		return fmt.Errorf("line %d: %w", n.Line, err)
	}
	*s = Secret(strings.TrimRight(string(raw), "\r\n"))
	return nil
}

// LoadConfig reads a YAML file. Unknown keys are errors: a misspelt switch must
// not be taken for its default.
func LoadConfig(path string) (Config, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return Config{}, fmt.Errorf("configuration: %w", err)
	}
	return ParseConfig(raw, path)
}

// ParseConfig reads a configuration; name is for its messages.
func ParseConfig(raw []byte, name string) (Config, error) {
	var c Config
	dec := yaml.NewDecoder(bytes.NewReader(raw))
	dec.KnownFields(true)
	if err := dec.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, fmt.Errorf("configuration %s: %w", name, err)
	}
	if err := c.Check(); err != nil {
		return Config{}, fmt.Errorf("configuration %s:\n%w", name, err)
	}
	return c, nil
}
