package h2o

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/catalog"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/param"
)

// H2OErrorV3 is the body of every error.
type H2OErrorV3 struct {
	object        `meta:"H2OError"`
	Timestamp     int64          `json:"timestamp" help:"When the error happened, in milliseconds since 1970."`
	ErrorURL      string         `json:"error_url" help:"Path of the request."`
	Msg           string         `json:"msg" help:"What went wrong, for a person."`
	DevMsg        string         `json:"dev_msg" help:"What went wrong, for a programmer."`
	HTTPStatus    int            `json:"http_status" help:"Status of the answer."`
	Values        map[string]any `json:"values" type:"Map<string,Object>" help:"Details: the parameter to blame and its value."`
	ExceptionType string         `json:"exception_type" help:"Class by which H2O's clients know the error."`
	ExceptionMsg  string         `json:"exception_msg" help:"The message once more."`
	Stacktrace    []string       `json:"stacktrace" help:"One line: class and message."`
}

// H2OModelBuilderErrorV3 is the body of an error about a model's parameters.
type H2OModelBuilderErrorV3 struct {
	H2OErrorV3 `meta:"H2OModelBuilderError"`
	Parameters parameterObject       `json:"parameters" type:"Parameters" schema:"ModelParametersSchemaV3" help:"The parameters as they were understood."`
	Messages   []ValidationMessageV3 `json:"messages" help:"Everything that was found about them."`
	ErrorCount int                   `json:"error_count" help:"How many findings are errors."`
}

// Field names that this package gives to errors of its own.
const (
	noResource = "#path"
	badMethod  = "#method"
)

// Exception types of H2O that clients may look at.
const (
	illegalArgument = "water.exceptions.H2OIllegalArgumentException"
	keyNotFound     = "water.exceptions.H2OKeyNotFoundArgumentException"
	notFound        = "water.exceptions.H2ONotFoundArgumentException"
	columnNotFound  = "water.exceptions.H2OColumnNotFoundArgumentException"
	badParameters   = "water.exceptions.H2OModelBuilderIllegalArgumentException"
	javaIllegal     = "java.lang.IllegalArgumentException"
	javaRuntime     = "java.lang.RuntimeException"
)

// status is one line of the table of statuses: errors of this kind, on routes
// whose pattern begins so, about this field. "" stands for any; the first line
// that fits decides.
//
// H2O: which status an error has depends on where in the server it was found.
// Where H2O answers 500 for a fault of the caller, the lines below answer 4xx.
var statuses = []struct {
	kind      errs.Kind
	route     string
	field     string
	status    int
	exception string
}{
	{errs.Invalid, "", badMethod, http.StatusBadRequest, "java.net.MalformedURLException"},
	{errs.NotFound, "", noResource, http.StatusNotFound, notFound},

	{errs.NotFound, "/3/Jobs/", "", http.StatusBadRequest, javaIllegal},
	{errs.NotFound, "/4/jobs/", "", http.StatusBadRequest, javaIllegal},
	{errs.NotFound, "/3/Parse", "", http.StatusBadRequest, javaIllegal},
	{errs.Invalid, "/3/Parse", "column_names", http.StatusBadRequest, javaIllegal},
	{errs.NotFound, "/3/Logs/", "", http.StatusBadRequest, javaIllegal},
	{errs.Invalid, "/3/Logs/", "", http.StatusBadRequest, javaIllegal},
	{errs.NotFound, "/3/ModelBuilders/{algo}", "algo", http.StatusNotFound, notFound},
	{errs.NotFound, "/3/ModelBuilders/", "", http.StatusBadRequest, javaIllegal},
	{errs.NotFound, "/99/ModelBuilders/", "", http.StatusBadRequest, javaIllegal},
	{errs.NotFound, "/3/ImportFiles", "", http.StatusNotFound, notFound},
	{errs.NotFound, "/3/Metadata/", "", http.StatusNotFound, notFound},
	{errs.NotFound, "/99/Rapids", "", http.StatusBadRequest, javaIllegal},
	{errs.Invalid, "/99/Rapids", "", http.StatusBadRequest, javaIllegal},

	{errs.NotFound, "/99/Models.bin/", "dir", http.StatusPreconditionFailed, illegalArgument},
	{errs.NotFound, "/3/PartialDependence/", "", http.StatusBadRequest, javaIllegal},
	{errs.NotFound, "/3/Tree", "", http.StatusBadRequest, javaIllegal},
	{errs.Invalid, "/3/Tree", "", http.StatusBadRequest, javaIllegal},

	{errs.NotFound, "", "column", http.StatusNotFound, columnNotFound},
	{errs.NotFound, "", "", http.StatusNotFound, keyNotFound},
	{errs.Conflict, "", "", http.StatusBadRequest, javaIllegal},
	{errs.Invalid, "", "", http.StatusPreconditionFailed, illegalArgument},
	{errs.Unavailable, "", "", http.StatusPreconditionFailed, illegalArgument},
	{errs.Internal, "", "", http.StatusInternalServerError, javaRuntime},
}

// statusOf looks an error up.
func statusOf(r *api.Request, err error) (int, string) {
	var body *api.MalformedBody
	if errors.As(err, &body) {
		return http.StatusBadRequest, "com.google.gson.JsonSyntaxException"
	}
	var wrong *catalog.WrongType
	if errors.As(err, &wrong) {
		return http.StatusPreconditionFailed, illegalArgument
	}
	var issues param.Issues
	if errors.As(err, &issues) {
		return issueStatus(r, issues)
	}
	route := ""
	if r.Route != nil {
		route = r.Route.Path
	}
	kind, field := errs.KindOf(err), errs.FieldOf(err)
	for _, l := range statuses {
		if l.kind == kind && strings.HasPrefix(route, l.route) && (l.field == "" || l.field == field) {
			return l.status, l.exception
		}
	}
	return http.StatusInternalServerError, javaRuntime
}

// issueStatus is the status of the first fatal issue.
func issueStatus(r *api.Request, issues param.Issues) (int, string) {
	switch i := issues[firstError(issues)]; {
	case i.Cause == param.Unknown && r.JSON, i.Cause == param.BadWord, i.Cause == param.NoObject:
		return http.StatusBadRequest, javaIllegal
	}
	return http.StatusPreconditionFailed, illegalArgument
}

// newError words an error.
func newError(r *api.Request, err error) H2OErrorV3 {
	status, exception := statusOf(r, err)
	msg := wrapped(err.Error())
	return H2OErrorV3{
		Timestamp: time.Now().UnixMilli(), ErrorURL: r.Path,
		Msg: msg, DevMsg: msg, ExceptionMsg: msg,
		HTTPStatus: status, ExceptionType: exception, Values: errorValues(r, err, exception),
		Stacktrace: []string{exception + ": " + err.Error(), "request " + r.ID},
	}
}

// errorValues are the details of an error that clients can read.
func errorValues(r *api.Request, err error, exception string) map[string]any {
	values := map[string]any{}
	var issues param.Issues
	if errors.As(err, &issues) {
		if i := issues[firstError(issues)]; i.Cause == param.Missing && r.Route != nil {
			values["argument"], values["schema"] = i.Field, schemaName(r.Route.Out)
		}
		return values
	}
	var wrong *catalog.WrongType
	var e *errs.Error
	if errors.As(err, &wrong) || !errors.As(err, &e) || e.Field == "" || e.Field[0] == '#' || r.Route == nil {
		return values
	}
	switch exception {
	case columnNotFound:
		values["argument"], values["column_name"], values["frame_name"] = e.Field, e.Value, r.Param("frame_id")
	case keyNotFound:
		values["argument"], values["name"] = e.Field, e.Value
		if strings.Contains(r.Route.Path, "/Predictions/") {
			values["function"] = "predict"
		}
	case illegalArgument:
		values["argument"], values["function"], values["value"] = e.Field, r.Route.Name, e.Value
		if e.Value == "" {
			values["value"] = e.Error()
		}
	}
	return values
}

// firstError is the place of the first fatal issue; there is one.
func firstError(issues param.Issues) int {
	return slices.IndexFunc(issues, func(i param.Issue) bool { return i.Severity == param.Error })
}

// wrapped frames a message as H2O does and its clients undo.
func wrapped(msg string) string { return "\n\nERROR MESSAGE:\n\n" + msg + "\n\n" }

// builderError carries what is wrong with the parameters of a model.
type builderError struct {
	id     string // of the algorithm, "GBM"
	model  string
	issues param.Issues
	params []param.Info
}

// Error implements error.
func (e *builderError) Error() string {
	var b strings.Builder
	b.WriteString("Illegal argument(s) for " + e.id + " model: " + e.model + ".  Details: ")
	for _, i := range e.issues {
		if i.Severity == param.Error {
			b.WriteString("ERRR on field: _" + i.Field + ": " + i.Message + "\n")
		}
	}
	return b.String()
}

// Unwrap returns what is wrong as an error of its kind.
func (e *builderError) Unwrap() error { return e.issues.Err() }

// fail implements api.Facade.Fail.
func (f *facade) fail(r *api.Request, err error) api.Reply {
	var be *builderError
	if errors.As(err, &be) {
		body := H2OModelBuilderErrorV3{
			H2OErrorV3: newError(r, be), Messages: messages(be.issues), ErrorCount: errorCount(be.issues),
			Parameters: parameterObject{be.id, be.params},
		}
		body.HTTPStatus, body.ExceptionType = http.StatusPreconditionFailed, badParameters
		body.Stacktrace[0] = badParameters + ": " + be.Error()
		body.Values["algo"], body.Values["error_count"] = be.id, body.ErrorCount
		return api.Reply{Status: body.HTTPStatus, Type: jsonType, Body: encode(body, "")}
	}
	body := newError(r, err)
	var ref *api.Refusal
	if errors.As(err, &ref) {
		body.HTTPStatus, body.ExceptionType = ref.Status, javaRuntime
		body.Stacktrace = nil
	}
	return api.Reply{Status: body.HTTPStatus, Type: jsonType, Body: encode(body, "")}
}

// later answers for what this release does not have.
func later(what string) error { return laterIn("", what) }

// laterIn is later about a parameter that asks for it.
func laterIn(field, what string) error {
	return errs.Unavailablef(field, "%s: not available in this release", what)
}
