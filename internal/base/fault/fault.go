// Package fault holds the one error type that may reach a person.
//
// A context makes a fault exactly where it knows what the person can do about
// it; every other error stays untyped and counts as [Internal]. A fault carries
// a message key, never a text: the text lives in locale/ and is rendered in the
// person's language at the edge. What Error returns is for logs only.
package fault

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// Kind says what sort of answer the person gets. Each has one HTTP status.
type Kind uint8

// The eight kinds of docs/ARCHITECTURE.md, section 5.
const (
	KindInternal        Kind = iota // 500: nobody foresaw it
	KindInvalid                     // 422: the person can mend the input
	KindNotFound                    // 404: missing, or not the person's
	KindConflict                    // 409: somebody was quicker, or the state does not permit it
	KindForbidden                   // 403: known person, not permitted
	KindUnauthenticated             // 401: sign in first
	KindLimited                     // 429: too often or too many at once
	KindUnavailable                 // 503: something that we need is away
)

var kindNames = [...]string{"internal", "invalid", "not_found", "conflict", "forbidden", "unauthenticated", "limited", "unavailable"}

func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "internal"
}

// Field is what is wrong with one input. Name is the form field's stable name.
type Field struct {
	Name string
	Key  string
	Args []any // alternating name, value: the placeholders of the message
}

// F makes a Field.
func F(name, key string, args ...any) Field { return Field{Name: name, Key: key, Args: args} }

// Error is an error that a person may be told about.
type Error struct {
	Kind       Kind
	Key        string        // message key, such as application.not_found
	Args       []any         // alternating name, value
	Fields     []Field       // all wrong fields, not only the first
	RetryAfter time.Duration // when a repeat makes sense; zero: unknown
	Err        error         // the cause, for the log
}

func (e *Error) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", e.Kind, e.Key)
	for _, f := range e.Fields {
		fmt.Fprintf(&b, " [%s %s]", f.Name, f.Key)
	}
	if e.Err != nil {
		b.WriteString(": " + e.Err.Error())
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// With returns a copy that carries message arguments (name, value, …).
func (e *Error) With(args ...any) *Error { c := *e; c.Args = args; return &c }

// Wrap returns a copy that carries the cause for the log.
func (e *Error) Wrap(err error) *Error { c := *e; c.Err = err; return &c }

// Invalid reports input that the person can mend. Give every wrong field.
func Invalid(key string, fields ...Field) *Error {
	return &Error{Kind: KindInvalid, Key: key, Fields: fields}
}

// NotFound reports a missing object, and a foreign one in the same words.
func NotFound(key string) *Error { return &Error{Kind: KindNotFound, Key: key} }

// Conflict reports a state that does not permit the act.
func Conflict(key string) *Error { return &Error{Kind: KindConflict, Key: key} }

// Forbidden reports a known person who may not do this.
func Forbidden(key string) *Error { return &Error{Kind: KindForbidden, Key: key} }

// Unauthenticated reports that nobody is signed in, or no longer.
func Unauthenticated(key string) *Error { return &Error{Kind: KindUnauthenticated, Key: key} }

// Limited reports an exceeded limit and when a repeat makes sense.
func Limited(key string, retryAfter time.Duration) *Error {
	return &Error{Kind: KindLimited, Key: key, RetryAfter: retryAfter}
}

// Unavailable reports that something the act needs is away for now.
func Unavailable(key string) *Error { return &Error{Kind: KindUnavailable, Key: key} }

// As finds the fault in err's chain.
func As(err error) (*Error, bool) {
	var e *Error
	ok := errors.As(err, &e)
	return e, ok
}

// KindOf is the kind of the fault in err's chain, KindInternal without one.
func KindOf(err error) Kind {
	if e, ok := As(err); ok {
		return e.Kind
	}
	return KindInternal
}

// Is tells whether err is a fault of kind k.
func Is(err error, k Kind) bool {
	e, ok := As(err)
	return ok && e.Kind == k
}
