package libxgboost

// Kind says what Predict gives.
type Kind int

// Kinds of predictions.
const (
	Value         Kind = 0 // on the scale of the response
	Margin        Kind = 1 // before the link
	Contributions Kind = 2 // of each column, the bias last; they sum to the margin
	Leaf          Kind = 6 // number of the leaf in each tree
)
