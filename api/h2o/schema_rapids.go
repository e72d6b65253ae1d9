package h2o

// RapidsSchemaV3 is what every answer to an expression has. Clients look at
// which other fields there are.
type RapidsSchemaV3 struct {
	request
	AST     string `json:"ast,null" help:"The expression, when it had no result."`
	Session string `json:"session_id,null" help:"The session, when there was no result."`
	ID      string `json:"id,null" help:"Not used."`
}

// The results of an expression, by type.
type (
	// RapidsNumberV3 is a number.
	RapidsNumberV3 struct {
		RapidsSchemaV3
		Scalar float64 `json:"scalar" help:"The number."`
	}
	// RapidsNumbersV3 is a list of numbers.
	RapidsNumbersV3 struct {
		RapidsSchemaV3
		Scalar []float64 `json:"scalar" help:"The numbers."`
	}
	// RapidsStringV3 is a text.
	RapidsStringV3 struct {
		RapidsSchemaV3
		String string `json:"string" help:"The text."`
	}
	// RapidsStringsV3 is a list of texts.
	RapidsStringsV3 struct {
		RapidsSchemaV3
		String []string `json:"string" help:"The texts."`
	}
	// RapidsFrameV3 is a frame.
	RapidsFrameV3 struct {
		RapidsSchemaV3
		Key  *keyV3 `json:"key" type:"Key<Frame>" schema:"FrameKeyV3" help:"Key of the frame, without a name when it is not stored."`
		Rows int64  `json:"num_rows" help:"Number of rows."`
		Cols int    `json:"num_cols" help:"Number of columns."`
	}
	// RapidsFunctionV3 is a function.
	RapidsFunctionV3 struct {
		RapidsSchemaV3
		Function string `json:"funstr" help:"The function as an expression."`
	}
)
