// Package errs holds the one error type that crosses package borders: a kind,
// which decides the HTTP status at the edge, and the field and value that a
// person has to look at.
package errs

import (
	"errors"
	"fmt"
)

// Kind says whose fault an error is and what can be done about it.
type Kind uint8

// The five kinds. Everything that is not an *Error counts as Internal.
const (
	Internal    Kind = iota // a fault of ours
	Invalid                 // the request cannot be right as it stands
	NotFound                // the named thing does not exist
	Conflict                // the named thing is in use, or exists already
	Unavailable             // right, but this build, machine or release cannot do it
)

var kindNames = [...]string{"internal", "invalid", "not found", "conflict", "unavailable"}

// String returns the kind in lower case.
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return fmt.Sprintf("kind(%d)", k)
}

// Error is a message for a person, with the field and the value it is about.
type Error struct {
	Kind  Kind
	Field string // wire name of the parameter, "" when no single one is to blame
	Value string // the value as the caller wrote it, "" when there is none
	Msg   string // lower case, one sentence, names value and remedy
	Err   error  // cause, may be nil
}

// Error returns the message, which names the cause already, or else the cause.
func (e *Error) Error() string {
	if e.Msg == "" && e.Err != nil {
		return e.Err.Error()
	}
	return e.Msg
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// New makes an error of a kind about a field. A %w in format wraps a cause, as
// in fmt.Errorf.
func New(kind Kind, field, format string, args ...any) *Error {
	err := fmt.Errorf(format, args...)
	return &Error{Kind: kind, Field: field, Msg: err.Error(), Err: errors.Unwrap(err)}
}

// Invalidf reports a value that cannot be right.
func Invalidf(field, format string, args ...any) *Error {
	return New(Invalid, field, format, args...)
}

// NotFoundf reports a missing object.
func NotFoundf(field, format string, args ...any) *Error {
	return New(NotFound, field, format, args...)
}

// Conflictf reports an object that is in use or exists already.
func Conflictf(field, format string, args ...any) *Error {
	return New(Conflict, field, format, args...)
}

// Unavailablef reports something that this build, machine or release cannot do.
func Unavailablef(field, format string, args ...any) *Error {
	return New(Unavailable, field, format, args...)
}

// Wrap gives err a kind and a field; its message stays the message of err.
// Wrap(nil) is nil. An *Error inside err keeps its own kind.
func Wrap(kind Kind, field string, err error) error {
	if err == nil {
		return nil
	}
	var e *Error
	if errors.As(err, &e) {
		return err
	}
	return &Error{Kind: kind, Field: field, Err: err}
}

// KindOf returns the kind of the first *Error in err's chain, Internal if none.
func KindOf(err error) Kind {
	var e *Error
	if errors.As(err, &e) {
		return e.Kind
	}
	return Internal
}

// FieldOf returns the field of the first *Error in err's chain, "" if none.
func FieldOf(err error) string {
	var e *Error
	if errors.As(err, &e) {
		return e.Field
	}
	return ""
}
