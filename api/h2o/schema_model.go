package h2o

import (
	"maps"
	"reflect"
	"slices"
	"strconv"
	"time"

	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/metrics"
	"github.com/geyser-ml/geyser/engine/model"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// ModelsV3 shows models.
type ModelsV3 struct {
	request          `meta:"Models"`
	Models           []any     `json:"models" type:"Model[]" schema:"ModelSchemaV3" help:"The models."`
	CompatibleFrames []FrameV3 `json:"compatible_frames" help:"Frames that the models can score."`
	ExportCV         bool      `json:"export_cross_validation_predictions" help:"Not used."`
}

// ModelSynopsisV3 is a model in a list.
type ModelSynopsisV3 struct {
	object    `meta:"Model"`
	ID        *keyV3 `json:"model_id" type:"Key<Model>" schema:"ModelKeyV3" help:"Key of the model."`
	Algo      string `json:"algo" help:"Name of the algorithm."`
	Title     string `json:"algo_full_name" help:"Its title."`
	Response  string `json:"response_column_name,null" help:"Column that is predicted."`
	Treatment string `json:"treatment_column_name,null" help:"Column of an uplift model."`
	Data      *keyV3 `json:"data_frame" type:"Key<Frame>" schema:"FrameKeyV3" help:"Frame it was trained on."`
	Timestamp int64  `json:"timestamp" help:"When it was finished, in milliseconds since 1970; 0 while it is not."`
	Pojo      bool   `json:"have_pojo" help:"Whether it can be had as Java source."`
	Mojo      bool   `json:"have_mojo" help:"Whether it can be had as a MOJO file."`
}

// ModelSchemaV3 is a model. Its schema is named after the algorithm.
type ModelSchemaV3 struct {
	ModelSynopsisV3
	Parameters       []ModelParameterSchemaV3 `json:"parameters" help:"Parameters: defaults, as they were given, as they were used."`
	Output           ModelOutputSchemaV3      `json:"output" help:"What training found."`
	CompatibleFrames []string                 `json:"compatible_frames" help:"Keys of frames that the model can score."`

	id string // of the algorithm, "GBM"
}

// schema implements named.
func (m ModelSchemaV3) schema() (name, kind string) { return m.id + "ModelV3", m.id + "Model" }

// ModelParameterSchemaV3 is one parameter.
type ModelParameterSchemaV3 struct {
	object
	Name        string   `json:"name" help:"Name."`
	Label       string   `json:"label" help:"The name once more."`
	Help        string   `json:"help" help:"Meaning."`
	Required    bool     `json:"required" help:"Whether it must be given."`
	Type        string   `json:"type" help:"Type."`
	Default     any      `json:"default_value" type:"Polymorphic" help:"Value when nothing is given."`
	Actual      any      `json:"actual_value" type:"Polymorphic" help:"Value that was used."`
	Input       any      `json:"input_value" type:"Polymorphic" help:"Value that was given."`
	Level       string   `json:"level" help:"How often it is needed: critical, secondary or expert."`
	Values      []string `json:"values" help:"Accepted words."`
	MemberOf    []string `json:"is_member_of_frames" help:"Frames whose column the value names."`
	ExclusiveOf []string `json:"is_mutually_exclusive_with" help:"Parameters that may not name the same column."`
	Gridable    bool     `json:"gridable" help:"Whether grid search may vary it."`
}

// parameters puts parameters on the wire.
func parameters(infos []param.Info) []ModelParameterSchemaV3 {
	out := make([]ModelParameterSchemaV3, len(infos))
	for i, p := range infos {
		out[i] = ModelParameterSchemaV3{
			Name: p.Name, Label: p.Name, Help: p.Help, Required: p.Required, Type: p.Type,
			Default: p.Default, Actual: p.Actual, Input: p.Input, Level: p.Level,
			Values: list(p.Values), MemberOf: list(p.MemberOf), ExclusiveOf: list(p.ExclusiveOf), Gridable: p.Gridable,
		}
	}
	return out
}

// parameterObject is all parameters of an algorithm as one object.
type parameterObject struct {
	id    string // of the algorithm, "GBM"
	infos []param.Info
}

// appendTo implements appender.
func (p parameterObject) appendTo(b []byte) []byte {
	b = append(b, `{"__meta":{"schema_version":3,"schema_name":`...)
	b = appendString(b, p.id+"ParametersV3")
	b = append(b, `,"schema_type":`...)
	b = appendString(b, p.id+"Parameters")
	b = append(b, '}')
	for _, i := range p.infos {
		b = append(appendString(append(b, ','), i.Name), ':')
		b = appendAny(b, i.Actual)
	}
	return append(b, '}')
}

// ModelOutputSchemaV3 is what training found. Its schema is named after the
// algorithm, which may add fields.
type ModelOutputSchemaV3 struct {
	object
	Names         []string          `json:"names" help:"Columns: predictors, special columns, response."`
	OriginalNames []string          `json:"original_names" help:"Columns before their encoding, where that changed them."`
	Types         []string          `json:"column_types" help:"Types of the columns."`
	Domains       [][]string        `json:"domains" help:"Levels of the columns."`
	CVModels      []*keyV3          `json:"cross_validation_models" type:"Key<Model>[]" schema:"ModelKeyV3" help:"Models of the folds."`
	CVPredictions []*keyV3          `json:"cross_validation_predictions" type:"Key<Frame>[]" schema:"FrameKeyV3" help:"Holdout predictions of the folds."`
	CVHoldout     *keyV3            `json:"cross_validation_holdout_predictions_frame_id" type:"Key<Frame>" schema:"FrameKeyV3" help:"Holdout predictions, all folds together."`
	CVFolds       *keyV3            `json:"cross_validation_fold_assignment_frame_id" type:"Key<Frame>" schema:"FrameKeyV3" help:"Fold of each row."`
	Category      string            `json:"model_category" type:"enum" help:"What is predicted."`
	Summary       *table.Table      `json:"model_summary" help:"The model in a few numbers."`
	History       *table.Table      `json:"scoring_history" help:"How the model did while it was trained."`
	CVHistory     []*table.Table    `json:"cv_scoring_history" help:"The same for the models of the folds."`
	Reproduce     []*table.Table    `json:"reproducibility_information_table" help:"Server and data of the training."`
	Train         any               `json:"training_metrics" type:"ModelMetrics" help:"How the model does on the training frame."`
	Valid         any               `json:"validation_metrics" type:"ModelMetrics" help:"How it does on the validation frame."`
	CV            any               `json:"cross_validation_metrics" type:"ModelMetrics" help:"How the models of the folds do on their holdouts."`
	CVSummary     *table.Table      `json:"cross_validation_metrics_summary" help:"The same by fold."`
	Status        string            `json:"status,null" help:"Not used."`
	Start         int64             `json:"start_time" help:"Start of the training, in milliseconds since 1970."`
	End           int64             `json:"end_time" help:"Its end."`
	Run           int64             `json:"run_time" help:"Milliseconds between them."`
	Threshold     float64           `json:"default_threshold" help:"Probability from which on the second class is predicted."`
	Help          map[string]string `json:"help" help:"Meaning of these fields."`
	Importances   *table.Table      `json:"variable_importances" help:"Predictors by importance."`
	Extra         extras            `json:"-,inline"`

	id string // of the algorithm, "GBM"
}

// schema implements named.
func (o ModelOutputSchemaV3) schema() (name, kind string) {
	return o.id + "ModelOutputV3", o.id + "Output"
}

// extras are further fields of an output, written after the others.
type extras struct {
	numbers map[string]float64
	tables  map[string]*table.Table
}

// appendFields implements inliner.
func (e extras) appendFields(b []byte) []byte {
	for _, name := range slices.Sorted(maps.Keys(e.numbers)) {
		b = append(appendString(append(b, ','), name), ':')
		if flags[name] {
			b = strconv.AppendBool(b, e.numbers[name] != 0)
			continue
		}
		b = appendFloat(b, e.numbers[name], 64)
	}
	for _, name := range slices.Sorted(maps.Keys(e.tables)) {
		b = appendAny(append(appendString(append(b, ','), name), ':'), e.tables[name])
	}
	return b
}

// modelV3 puts a model on the wire.
func (f *facade) modelV3(m model.Model) ModelSchemaV3 {
	info := m.Info()
	id := f.algoID(info.Algo)
	out := ModelSchemaV3{ModelSynopsisV3: f.synopsis(info), Parameters: parameters(info.Parameters), id: id}
	who := info.Identity
	o := ModelOutputSchemaV3{
		id: id, Names: info.Names, Types: make([]string, len(info.Kinds)), Domains: info.Domains,
		CVModels: modelKeys(who.CVModels), CVPredictions: frameKeys(who.CVPredictions),
		CVHoldout: frameKey(who.CVHoldout), CVFolds: frameKey(who.CVFolds),
		Category: string(info.Category), Summary: info.Summary, History: info.HistoryTable(), CVHistory: info.FoldHistoryTables(),
		CVSummary: info.CVSummary, Start: who.Started.UnixMilli(), Threshold: info.Threshold, Importances: info.Importance,
		Extra: extras{info.Numbers, info.Tables}, Help: outputHelp(extras{info.Numbers, info.Tables}),
		Reproduce: f.reproducibility([2]any{"training_frame", who.TrainChecksum}, [2]any{"validation_frame", who.ValidChecksum}),
	}
	if !who.Running {
		o.End = who.Ended.UnixMilli()
		o.Run = who.Ended.Sub(who.Started).Milliseconds()
	}
	for i, k := range info.Kinds {
		o.Types[i] = kindWords[k]
	}
	o.OriginalNames = info.Original()
	at := who.Ended
	if who.Running {
		at = time.Now()
	}
	sum := checksum(m)
	about := func(mm *metrics.Metrics, frame string, frameSum int64) any {
		return metricsV3(measured{who.Key, frame, sum, frameSum, at, info.Category, mm, nil})
	}
	o.Train = about(info.Train, who.TrainingFrame, who.TrainChecksum)
	o.Valid = about(info.Valid, who.ValidFrame, who.ValidChecksum)
	o.CV = about(info.CrossValid, who.TrainingFrame, who.TrainChecksum)
	out.Output = o
	return out
}

// checksum is the checksum of a model; 0 for one that cannot be stored.
func checksum(m model.Model) int64 {
	if m.Info().Identity.Running {
		return 0
	}
	sum, err := model.Checksum(m)
	if err != nil {
		return 0
	}
	return sum
}

// kindWords are the words of column types in models.
var kindWords = map[frame.Kind]string{
	frame.Int: "Numeric", frame.Real: "Numeric", frame.Bad: "Numeric", frame.Enum: "Enum",
	frame.Time: "Time", frame.String: "String", frame.UUID: "UUID",
}

// synopsis puts the outline of a model on the wire.
func (f *facade) synopsis(info *model.Info) ModelSynopsisV3 {
	s := ModelSynopsisV3{
		ID: modelKey(info.Identity.Key), Algo: info.Algo, Title: info.Title, Response: info.Response,
		Data: frameKey(info.Identity.TrainingFrame),
	}
	if !info.Identity.Running {
		s.Timestamp = info.Identity.Ended.UnixMilli()
	}
	return s
}

// algoID is the name of an algorithm in the names of schemas and keys.
func (f *facade) algoID(name string) string {
	if a, ok := f.e.Algo(name); ok {
		return a.ID
	}
	return name
}

// flags are the numbers among these fields that are sent as truth values.
var flags = map[string]bool{"sparse": true}

// extraHelp tells the meaning of fields that algorithms add to their output.
var extraHelp = map[string]string{
	"__meta":                         "What this object is.",
	"init_f":                         "Value on the scale of the link from which the trees start.",
	"native_parameters":              "Parameters as the library takes them.",
	"sparse":                         "Whether the library was given sparse rows.",
	"variable_importances_cover":     "Predictors by the rows that reach splits on them.",
	"variable_importances_frequency": "Predictors by the number of splits on them.",
	"variable_splits":                "Predictors by the splits on them: how many, how even and how deep.",
}

// outputHelp tells the meaning of the fields of an output.
func outputHelp(e extras) map[string]string {
	out := map[string]string{"__meta": extraHelp["__meta"]}
	for name := range e.numbers {
		out[name] = extraHelp[name]
	}
	for name := range e.tables {
		out[name] = extraHelp[name]
	}
	for _, w := range planOf(reflect.TypeFor[ModelOutputSchemaV3]()).fields {
		if !w.inline {
			out[w.name] = w.tag.Get("help")
		}
	}
	return out
}

// predictors lists the predictors of a model as its frames have them.
func predictors(info *model.Info) []string {
	if info.Encoding != nil {
		return info.Encoding.Names
	}
	return info.Names[:info.Predictors]
}

// scores reports whether a model can score a frame: all predictors are there.
func scores(info *model.Info, fr *frame.Frame) bool {
	for _, n := range predictors(info) {
		if fr.Index(n) < 0 {
			return false
		}
	}
	return true
}

// modelIn names a model.
type modelIn struct {
	ID       param.ModelKey `param:"model_id" direction:"in" help:"Key of the model."`
	Preview  bool           `param:"preview" direction:"in" help:"Accepted and not used."`
	Find     bool           `param:"find_compatible_frames" direction:"in" help:"List the frames that the model can score."`
	ExportCV bool           `param:"export_cross_validation_predictions" direction:"in" help:"Accepted and not used."`
}

// ModelExportV3 says where a model was written.
type ModelExportV3 struct {
	request
	exportIn
}

// exportIn says where to write a model.
type exportIn struct {
	Dir      string `param:"dir" help:"File, or the folder to write into."`
	Force    bool   `param:"force" default:"true" help:"Replace what is there."`
	ExportCV bool   `param:"export_cross_validation_predictions" help:"Accepted and not used."`
}

// exportModelIn says which model to write where.
type exportModelIn struct {
	ID param.ModelKey `param:"model_id" direction:"in" help:"Key of the model."`
	exportIn
}

// modelFileIn says where a model file is.
type modelFileIn struct {
	ID    string `param:"model_id" direction:"in" help:"Accepted and not used: the file knows its key."`
	Dir   string `param:"dir" required:"true" direction:"in" help:"The file, or the key of the upload."`
	Force bool   `param:"force" default:"true" direction:"in" help:"Accepted and not used."`
}
