package model

import (
	"context"
	"slices"
	"time"

	"github.com/geyser-ml/geyser/engine/design"
	"github.com/geyser-ml/geyser/engine/dist"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// Category is what a model predicts, in H2O's words.
type Category string

// Model categories.
const (
	Regression  Category = "Regression"
	Binomial    Category = "Binomial"
	Multinomial Category = "Multinomial"
	Anomaly     Category = "AnomalyDetection"
)

// Model is trained and immutable. Extras are optional interfaces, found by type
// assertion: Importances and later ones.
type Model interface {
	// Info returns what every model has; the caller must not change it.
	Info() *Info
	// Score predicts rows [lo, hi) of a frame that Adapt has made fit. dst has
	// one slice a column of raw predictions (Regression: 1; k classes: k
	// probabilities; Labelled: one a name), each of length hi-lo. Safe for concurrent
	// use. Probabilities are those of the data that was trained on: Raw corrects them
	// where classes had been balanced.
	Score(in *Scoring, lo, hi int, dst [][]float64) error
	// Payload is the algorithm's own part of the model file: deterministic bytes
	// that the Spec's Load reads back.
	Payload() ([]byte, error)
}

// Importances is a Model that ranks its predictors.
type Importances interface {
	// Importances returns predictors and their relative importance, descending.
	Importances() (names []string, relative []float64)
}

// Distributed is a Model whose response has a distribution: its deviance is what
// metrics of a regression show.
type Distributed interface {
	Model
	Family() dist.Family
}

// Labelled is a Model that names its raw predictions itself, as models without a
// response do.
type Labelled interface {
	Model
	// PredictionNames returns the columns of a prediction, those of Score. The last two
	// of an Anomaly model are the normalised score and the mean length of path, which
	// its metrics are made of.
	PredictionNames() []string
	// Domains returns the levels of each of these columns, nil for numbers.
	Domains() [][]string
}

// Info is the algorithm-independent part of a model.
type Info struct {
	Identity Identity // not part of the payload
	Algo     string   // "gbm"
	Title    string   // "Gradient Boosting Machine"
	Category Category

	Names      []string     // predictors in order used, then weights, offset, fold, response last
	Kinds      []frame.Kind // by name
	Domains    [][]string   // by name; nil unless Enum
	Predictors int          // the first so many names are predictors
	Response   string       // "" when unsupervised
	Weights    string
	Offset     string
	Fold       string
	Threshold  float64 // default threshold of a binomial model: max F1; else 0.5
	// Encoding is how the frame's columns became the predictors; nil when they are the
	// same.
	Encoding *design.Encoding
	// Prior and Sampled are the shares of the classes in the data and in what balancing
	// made of it; nil without balancing.
	Prior, Sampled []float64
	// Calibration corrects the probabilities of two classes; nil for none.
	Calibration *Calibration
	// Input and Actual are the encoded parameter structs, without the model's key:
	// what was asked for and what training used.
	Input, Actual []byte
	// Parameters shows them to people; it is made from Input and Actual.
	Parameters []param.Info `cbor:"-"`
	Summary    *table.Table
	History    []Scored     // scoring history, first entry before the first step
	Importance *table.Table // nil when the algorithm has none
	// Numbers and Tables are further fields of the algorithm's output by wire name.
	Numbers     map[string]float64
	Tables      map[string]*table.Table
	Train       *metrics.Metrics
	Valid       *metrics.Metrics
	CrossValid  *metrics.Metrics
	CVSummary   *table.Table
	Step        string     // what a step of the history is: "Number of Trees"
	FoldHistory [][]Scored // scoring history of each fold's model
	Warnings    []string

	checksum int64 // of the payload of a finished model; 0 as long as it is not known
}

// NewInfo returns what the task alone says about its model: category and columns.
func NewInfo(t *Task) *Info {
	d, r := t.Train, t.Roles
	i := &Info{
		Category: t.Category, Threshold: 0.5, Encoding: d.encoding,
		Names: append([]string(nil), d.Names...), Predictors: len(d.Names),
		Response: r.Response, Weights: r.Weights, Offset: r.Offset, Fold: r.Fold,
	}
	if b := d.balance; b != nil {
		i.Prior, i.Sampled = b.prior, b.sampled
	}
	response := d.Response
	if t.Category == Anomaly {
		i.Threshold = -1 // H2O: of a model that calls no row an anomaly
		if t.Valid != nil {
			response = t.Valid.Response
		}
	}
	cols := append([]*frame.Column(nil), d.Columns...)
	for _, s := range []struct {
		name string
		col  *frame.Column
	}{{r.Weights, d.Weights}, {r.Offset, d.Offset}, {r.Fold, d.Fold}, {r.Response, response}} {
		if s.col != nil {
			i.Names, cols = append(i.Names, s.name), append(cols, s.col)
		}
	}
	for _, c := range cols {
		i.Kinds = append(i.Kinds, c.Kind())
		i.Domains = append(i.Domains, c.Domain())
	}
	return i
}

// Original returns the names of the columns as the training frame has them, in the
// order of Names; nil when predictors are not encoded.
// H2O: nil for SortByResponse too, which renames nothing.
func (i *Info) Original() []string {
	if i.Encoding == nil || i.Encoding.Scheme == design.SortByResponse {
		return nil
	}
	return append(slices.Clone(i.Encoding.Names), i.Names[i.Predictors:]...)
}

// Identity says which training made the model and when; equal payloads may
// differ in it.
type Identity struct {
	Key           string
	Named         bool // the key was asked for, not made up
	TrainingFrame string
	ValidFrame    string
	Started       time.Time
	Ended         time.Time
	Running       bool // snapshot of a model that is still being trained
	CVModels      []string
	CVPredictions []string
	CVHoldout     string
	CVFolds       string // frame of fold numbers
	// Times holds the wall clock and the duration of each entry of Info.History.
	Times                        []Stamp
	FoldTimes                    [][]Stamp // the same for each entry of Info.FoldHistory
	TrainChecksum, ValidChecksum int64
}

// Stamp is when a scoring happened.
type Stamp struct {
	At       time.Time
	Duration time.Duration
}

// Scored is one entry of the scoring history: the values of the metrics that
// HistoryTable shows, in its order; nil for a frame that was not measured.
type Scored struct {
	Step         int // trees, epochs, iterations
	Train, Valid []float64
	// Custom holds a metric of the algorithm's own, of training and, where that was
	// measured, of validation; nil for none.
	Custom []float64
}

// Scoring is a frame made fit for a model: columns in the model's order, codes
// in the model's levels.
type Scoring struct {
	Frame   *frame.Frame    // the frame as it came
	Columns []*frame.Column // one for each predictor; never nil
	Offset  *frame.Column   // nil for none
	Rows    int
}

// Task is one training, with everything resolved that does not depend on the
// algorithm's own parameters.
type Task struct {
	Key      string
	Category Category
	Roles    Roles
	Train    *Data
	Valid    *Data // nil for none
	Seed     uint64
	Threads  int
	Backend  string    // tier name as --backend gave it
	Deadline time.Time // when to stop and keep what there is; zero for never
	// Family is the distribution of the response, whose deviance a regression reports;
	// nil is gaussian. An algorithm sets it in its Resolve, like the two below.
	Family dist.Family
	InTurn bool // folds are trained one after the other, whatever memory allows
	// AUC says how the AUC of several classes is averaged; GainsLiftBins how many
	// groups the gains/lift table has: -1 for the default, 0 for no table.
	AUC           metrics.AUCType
	GainsLiftBins int
	// Progress reports the share done. Publish replaces the snapshot that the
	// catalog shows of a running model; a cancelled training leaves the last one.
	Progress func(share float64, msg string)
	Publish  func(Model)
	Warn     func(msg string) // about how the training goes; once is enough
	Now      func() time.Time
	// Lookup finds a finished model by key (checkpoint, base models).
	Lookup func(key string) (Model, error)
	// Continue is the model whose training is to be continued, nil for none: of the same
	// algorithm, on the same columns, with the same Spec.Fixed parameters.
	Continue Model
	// Save writes a model file of that name below the folder for checkpoints of a
	// running training; without an engine it does nothing.
	Save func(m Model, dir, name string) error
}

// Late reports whether it is time to stop.
func (t *Task) Late() bool { return !t.Deadline.IsZero() && !t.Now().Before(t.Deadline) }

// Rows returns the number of rows that a measurement looks at.
func (t *Task) Rows() int {
	if t.Valid == nil {
		return t.Train.Rows
	}
	return t.Train.Rows + t.Valid.Rows
}

// Roles are the names of the special columns, "" for those that are not used.
type Roles struct{ Response, Weights, Offset, Fold string }

// Data is a training or validation frame made fit: predictors by position, and
// the special columns.
type Data struct {
	Key      string
	Checksum int64
	Frame    *frame.Frame
	Names    []string        // predictors
	Columns  []*frame.Column // predictors; validation data in the training levels
	Response *frame.Column   // numbers, or codes in the model's response domain
	Domain   []string        // response classes; nil for regression
	Weights  *frame.Column   // nil for ones
	Offset   *frame.Column   // nil for zeros
	Fold     *frame.Column
	Rows     int

	plain    *Data            // before encoding; nil without
	encoding *design.Encoding // of Columns; nil for none
	balance  *balance         // by which the rows were resampled; nil for not
	anomaly  bool             // predictions are anomaly scores; Response, if any, are labels
}

// Trainer is a Spec's training step. It returns the model, or ctx.Err() when it
// was cancelled before the first usable model.
type Trainer[P any] func(ctx context.Context, t *Task, p P) (Model, error)
