package h2o

import (
	"context"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/rapids"
)

// defaultSession is the session of requests that name none.
const defaultSession = "_specialSess"

// rapids answers POST /99/Rapids. H2O: an empty expression is fine, a missing one
// is not.
func (f *facade) rapids(_ *api.Request, raw param.Raw) (any, error) {
	for name := range raw {
		if name != "ast" && name != "session_id" && name != "id" {
			return nil, param.Issues{{Field: name, Cause: param.Unknown, Message: "Unknown parameter: " + name}}.Err()
		}
	}
	ast, ok := raw["ast"]
	if !ok {
		return nil, param.Issues{{Field: "ast", Cause: param.Missing, Message: "Required field ast not specified"}}.Err()
	}
	session := raw["session_id"]
	if session == "" {
		session = defaultSession
	}
	result, err := f.e.Rapids(context.Background(), session, ast)
	if err != nil {
		return nil, err
	}
	switch x := result.(type) {
	case nil:
		return RapidsSchemaV3{AST: ast, Session: raw["session_id"]}, nil
	case rapids.Num:
		return RapidsNumberV3{Scalar: float64(x)}, nil
	case rapids.Nums:
		return RapidsNumbersV3{Scalar: append([]float64{}, x...)}, nil
	case rapids.Str:
		return RapidsStringV3{String: string(x)}, nil
	case rapids.Strs:
		return RapidsStringsV3{String: append([]string{}, x...)}, nil
	case rapids.Frame:
		out := RapidsFrameV3{Key: frameKey(x.Key), Rows: int64(x.NumRows()), Cols: x.NumCols()}
		if x.Key == "" {
			out.Key = nameless()
		}
		return out, nil
	case rapids.Func:
		return RapidsFunctionV3{Function: x.String()}, nil
	}
	return nil, errs.Invalidf("", "the expression gives an object that cannot be shown: a number, text, frame or function is expected")
}
