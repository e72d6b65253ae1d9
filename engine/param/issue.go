package param

import (
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
)

var severityNames = [...]string{"ERRR", "WARN", "INFO", "TRACE"}

// String returns the severity's name on the wire: ERRR, WARN, INFO or TRACE.
func (s Severity) String() string { return severityNames[s] }

// Fatal reports whether one of the issues is of severity Error.
func (is Issues) Fatal() bool {
	for _, i := range is {
		if i.Severity == Error {
			return true
		}
	}
	return false
}

// Error joins the messages of all issues of severity Error.
func (is Issues) Error() string {
	var b strings.Builder
	for _, i := range is {
		if i.Severity != Error {
			continue
		}
		if b.Len() > 0 {
			b.WriteString("; ")
		}
		b.WriteString(i.Message)
	}
	return b.String()
}

// Err returns nil when no issue is fatal, else an *errs.Error that carries the
// field and the kind of the first fatal one and wraps the Issues.
func (is Issues) Err() error {
	for _, i := range is {
		if i.Severity != Error {
			continue
		}
		kind := errs.Invalid
		switch i.Cause {
		case NoObject:
			kind = errs.NotFound
		case Later:
			kind = errs.Unavailable
		}
		return &errs.Error{Kind: kind, Field: i.Field, Msg: is.Error(), Err: is}
	}
	return nil
}
