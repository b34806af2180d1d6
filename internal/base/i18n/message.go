package i18n

import (
	"fmt"
	"slices"
	"strings"
)

// message is a compiled text: literals, placeholders and choices in order.
type message []part

type part struct {
	literal string
	name    string             // placeholder or choice argument; empty for a literal
	number  bool               // the # of the enclosing plural
	plural  bool               // forms are chosen by number, else by the argument's text
	forms   map[string]message // nil for a plain placeholder
}

type messageParser struct {
	src string
	pos int
}

// parseMessage compiles a text of language lang; an error tells what is wrong and at which byte.
func parseMessage(lang, src string) (message, error) {
	p := &messageParser{src: src}
	m, err := p.message(lang, false, false)
	if err != nil {
		return nil, err
	}
	if p.pos < len(src) {
		return nil, p.errorf("unexpected %q", src[p.pos])
	}
	return m, nil
}

func (p *messageParser) errorf(format string, args ...any) error {
	return fmt.Errorf("at byte %d: %s", p.pos, fmt.Sprintf(format, args...))
}

// message reads parts up to the end of the source, or of the form when nested.
func (p *messageParser) message(lang string, nested, inPlural bool) (message, error) {
	var m message
	var literal strings.Builder
	flush := func() {
		if literal.Len() > 0 {
			m = append(m, part{literal: literal.String()})
			literal.Reset()
		}
	}
	for p.pos < len(p.src) {
		switch c := p.src[p.pos]; {
		case c == '\'' && p.quoted():
			literal.WriteByte(p.src[p.pos+1])
			p.pos += 3
		case c == '{':
			flush()
			next, err := p.argument(lang, inPlural)
			if err != nil {
				return nil, err
			}
			m = append(m, next)
		case c == '}':
			if !nested {
				return nil, p.errorf("closing brace without an opening one")
			}
			flush()
			return m, nil
		case c == '#' && inPlural:
			flush()
			m = append(m, part{number: true})
			p.pos++
		default:
			literal.WriteByte(c)
			p.pos++
		}
	}
	if nested {
		return nil, p.errorf("a brace is not closed")
	}
	flush()
	return m, nil
}

// quoted tells whether a literal '{', '}' or '#' starts here.
func (p *messageParser) quoted() bool {
	rest := p.src[p.pos:]
	return len(rest) >= 3 && rest[2] == '\'' && strings.IndexByte("{}#", rest[1]) >= 0
}

// argument reads `{name}`, `{name, one {…} …}`, `{name, plural, …}` or `{name, select, …}`.
func (p *messageParser) argument(lang string, inPlural bool) (part, error) {
	p.pos++
	a := part{name: p.word()}
	if a.name == "" {
		return part{}, p.errorf("a placeholder needs a name")
	}
	if p.accept('}') {
		return a, nil
	}
	if !p.accept(',') {
		return part{}, p.errorf("expected , or } after %q", a.name)
	}
	a.plural = true
	start := p.pos
	if kind := p.word(); (kind == "plural" || kind == "select") && p.accept(',') {
		a.plural = kind == "plural"
	} else {
		p.pos = start
	}
	a.forms = map[string]message{}
	for !p.accept('}') {
		if err := p.form(&a, lang, inPlural); err != nil {
			return part{}, err
		}
	}
	return a, p.checkForms(a, lang)
}

// form reads one `category {text}` of a choice.
func (p *messageParser) form(a *part, lang string, inPlural bool) error {
	category := p.word()
	if category == "" {
		return p.errorf("expected a category or } in %q", a.name)
	}
	if _, twice := a.forms[category]; twice {
		return p.errorf("category %q stands twice", category)
	}
	if !p.accept('{') {
		return p.errorf("expected { after %q", category)
	}
	text, err := p.message(lang, true, inPlural || a.plural)
	if err != nil {
		return err
	}
	p.pos++ // the closing brace that message stopped at
	a.forms[category] = text
	return nil
}

// checkForms refuses categories that the language does not have and choices that leave a number without a text.
func (p *messageParser) checkForms(a part, lang string) error {
	if _, ok := a.forms["other"]; ok && !a.plural {
		return nil
	} else if !a.plural {
		return p.errorf("select %q needs other", a.name)
	}
	known := categories(lang)
	for category := range a.forms {
		if category != "other" && category[0] != '=' && !slices.Contains(known, category) {
			return p.errorf("language %s has no plural category %q", lang, category)
		}
	}
	if _, ok := a.forms["other"]; ok {
		return nil
	}
	for _, category := range known {
		if _, ok := a.forms[category]; !ok {
			return p.errorf("plural %q needs %q or other", a.name, category)
		}
	}
	return nil
}

// word reads a name or category and the spaces around it.
func (p *messageParser) word() string {
	p.spaces()
	start := p.pos
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		if c != '_' && c != '=' && c != '-' && c != '.' && (c < '0' || c > '9') && (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') {
			break
		}
		p.pos++
	}
	word := p.src[start:p.pos]
	p.spaces()
	return word
}

func (p *messageParser) accept(c byte) bool {
	p.spaces()
	if p.pos < len(p.src) && p.src[p.pos] == c {
		p.pos++
		if c != '{' && c != '}' {
			p.spaces()
		}
		return true
	}
	return false
}

func (p *messageParser) spaces() {
	for p.pos < len(p.src) && strings.IndexByte(" \t\n", p.src[p.pos]) >= 0 {
		p.pos++
	}
}

// arguments collects the names that a message needs.
func (m message) arguments(into map[string]bool) {
	for _, part := range m {
		if part.name != "" {
			into[part.name] = true
		}
		for _, form := range part.forms {
			form.arguments(into)
		}
	}
}
