package model

import (
	"context"
	"reflect"
	"slices"

	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/kernels"
)

// Spec is what an algorithm states about itself. P is its parameter struct,
// which embeds Frames (or Keys) and the other blocks of this package that it uses.
type Spec[P any] struct {
	Name       string // wire name, "gbm"
	Title      string // "Gradient Boosting Machine"
	ID         string // prefix of generated keys and name of its jobs, "GBM"
	Version    int    // version of the builder's routes: 3 or 99
	Supervised bool
	Categories []Category
	Schema     *param.Schema[P]
	// Fixed names the parameters that must be the same when the training of a model is
	// continued.
	Fixed []string
	// Encodes names the words of categorical_encoding that the algorithm carries out
	// itself, beside AUTO and Enum; for the others it is given encoded predictors.
	Encodes []string

	// Check looks across fields and at the data. t.Train is nil when no training
	// frame was given. It must not change p.
	Check func(p *P, t *Task) param.Issues
	// Resolve replaces AUTO by what training will use.
	Resolve func(p *P, t *Task)
	// Tune may change the parameters of the main model after its folds have been
	// trained (nil: it does not).
	Tune func(p *P, folds []Model)
	// Settle writes into p what the training itself has decided, such as the number
	// of trees after an early stop (nil: nothing).
	Settle func(p *P, m Model)
	// Memory estimates the bytes that training needs beyond the frames.
	Memory func(p *P, t *Task) int64
	// Size tells what the kernels of the training work on, from which follows whether a
	// device is worth its while (nil: it is not).
	Size  func(p *P, t *Task) kernels.Size
	Train Trainer[P]
	// Load reads back what Model.Payload wrote.
	Load func(info *Info, payload []byte) (Model, error)
}

// Algo is an algorithm whose parameter type has been erased: what HTTP, grid
// search and AutoML see.
type Algo struct {
	Name, Title, ID string
	Version         int
	Supervised      bool
	Categories      []Category

	metadata []param.Info
	prepare  func(param.Raw, Env) (*Run, param.Issues)
	load     func(*Info, []byte) (Model, error)
	describe func(*Info) ([]param.Info, error)
}

// Metadata describes the parameters with their defaults, in wire order.
func (a *Algo) Metadata() []param.Info { return a.metadata }

// Prepare decodes and checks parameters against the data. With fatal issues the
// Run is only good for its Params; without a training frame Run.Task.Train is
// nil.
func (a *Algo) Prepare(raw param.Raw, env Env) (*Run, param.Issues) { return a.prepare(raw, env) }

// Load reads back a model of this algorithm.
func (a *Algo) Load(info *Info, payload []byte) (Model, error) { return a.load(info, payload) }

// blocks are the embedded blocks of one parameter struct. One that it lacks is at
// rest: all zero, and written to in vain.
type blocks struct {
	keys        *Keys
	validating  *Validating
	cv          *CrossValidation
	folding     *Folding
	columns     *Columns
	labelling   *Labelling
	balancing   *Balancing
	stopping    *Stopping
	runtime     *Runtime
	seeding     *Seeding
	encoding    *Encoding
	calibrating *Calibrating
	continuing  *Continuing
	exporting   *Exporting
	labelled    bool // has the block Labelling
}

// blocksOf finds the embedded blocks of *p.
func blocksOf(p any) blocks {
	b := blocks{
		new(Keys), new(Validating), new(CrossValidation), new(Folding), new(Columns), new(Labelling), new(Balancing),
		new(Stopping), new(Runtime), new(Seeding), new(Encoding), new(Calibrating), new(Continuing), new(Exporting), false,
	}
	b.find(reflect.ValueOf(p).Elem())
	return b
}

func (b *blocks) find(v reflect.Value) {
	for i := range v.NumField() {
		if !v.Type().Field(i).Anonymous {
			continue
		}
		switch x := v.Field(i).Addr().Interface().(type) {
		case *Frames:
			b.keys, b.validating = &x.Keys, &x.Validating
		case *Keys:
			b.keys = x
		case *Validating:
			b.validating = x
		case *CrossValidation:
			b.cv = x
		case *Folding:
			b.folding = x
		case *Columns:
			b.columns = x
		case *Predictors:
			b.columns = &Columns{Ignored: x.Ignored, IgnoreConst: x.IgnoreConst}
		case *Labelling:
			b.labelling, b.labelled = x, true
		case *Balancing:
			b.balancing = x
		case *Stopping:
			b.stopping = x
		case *Runtime:
			b.runtime = x
		case *Seeding:
			b.seeding = x
		case *Encoding:
			b.encoding = x
		case *Calibrating:
			b.calibrating = x
		case *Continuing:
			b.continuing = x
		case *Exporting:
			b.exporting = x
		}
	}
}

// Define erases the parameter type of a Spec. It is the only place that does.
func Define[P any](s Spec[P]) *Algo {
	return &Algo{
		Name: s.Name, Title: s.Title, ID: s.ID, Version: s.Version,
		Supervised: s.Supervised, Categories: s.Categories,
		metadata: s.Schema.Metadata(),
		load:     s.Load,
		describe: s.describe,
		prepare:  func(raw param.Raw, env Env) (*Run, param.Issues) { return prepare(&s, raw, env) },
	}
}

// prepare is Algo.Prepare with the type still known.
func prepare[P any](s *Spec[P], raw param.Raw, env Env) (*Run, param.Issues) {
	input, issues := s.Schema.Decode(raw)
	actual := input
	b := blocksOf(&actual)
	run := &Run{
		Name: s.Name, Key: string(b.keys.ModelID), env: env,
		Params: s.Schema.Describe(input, actual),
	}
	if undecodable(issues) {
		return run, issues
	}
	named := run.Key != ""
	if !named {
		run.Key = env.NewKey(s.ID)
		b.keys.ModelID = param.ModelKey(run.Key)
	}
	if b.seeding.Seed == -1 {
		b.seeding.Seed = env.NewSeed()
	}
	run.Task = newTask(run.Key, b, env)
	run.ExportDir = b.exporting.ExportCheckpointsDir
	issues = append(issues, run.resolveData(b, s.Name, s.unsupervised(), s.Encodes)...)
	if m := run.Task.Continue; m != nil {
		var f param.Issues
		unchanged(&f, s, actual, m)
		issues = append(issues, f...)
	}
	if s.Check != nil && !noObject(issues) {
		issues = append(issues, s.Check(&actual, run.Task)...)
	}
	run.Task.Train.warnOfTwoNumbers(&issues) // after the check, which may have made classes of them
	if issues.Fatal() {
		run.Params = s.Schema.Describe(input, actual)
		return run, issues
	}
	if run.Task.Train != nil {
		b.resolve(run.Task.Category)
		if s.Resolve != nil {
			s.Resolve(&actual, run.Task)
		}
	}
	run.Params = s.Schema.Describe(input, actual)
	run.blocks = b
	if run.Task.Train != nil && s.Memory != nil {
		run.plan(s.Memory(&actual, run.Task))
	}
	run.fit = func(ctx context.Context, t *Task, as role) (Model, error) {
		p := actual
		own := blocksOf(&p)
		own.keys.ModelID = param.ModelKey(t.Key)
		if as.fold {
			own.cv.NFolds, own.folding.FoldAssignment = 0, ""
		}
		if as.folds != nil && s.Tune != nil {
			s.Tune(&p, as.folds)
		}
		shown := *t
		shown.Backend = s.tier(&p, t)
		shown.Publish = func(m Model) {
			if s.record(m.Info(), input, p, named) == nil {
				t.Publish(m)
			}
		}
		shown.Save = func(m Model, dir, name string) error {
			if err := s.record(m.Info(), input, p, named); err != nil {
				return err
			}
			return t.Save(m, dir, name)
		}
		m, err := s.Train(ctx, &shown, p)
		if err != nil {
			return nil, err
		}
		if s.Settle != nil {
			s.Settle(&p, m)
		}
		return m, s.record(m.Info(), input, p, named)
	}
	return run, issues
}

// unsupervised returns the category of an algorithm without a response, else "".
func (s *Spec[P]) unsupervised() Category {
	if s.Supervised {
		return ""
	}
	return s.Categories[0]
}

// resolve writes what the words of the shared blocks stand for; "" where they have
// no use.
// H2O: a stopping metric without stopping rounds and a fold assignment without
// folds are null.
func (b blocks) resolve(c Category) {
	if st := b.stopping; st.Rounds > 0 {
		st.Metric = StoppingMetric(st.Metric, c)
	} else {
		st.Metric = ""
	}
	if x := b.calibrating; x.CalibrationMethod == "AUTO" {
		x.CalibrationMethod = platt
	}
	switch f := b.folding; {
	case b.cv.NFolds == 0:
		f.FoldAssignment = ""
	case f.FoldAssignment == "AUTO":
		f.FoldAssignment = "Random"
	}
}

// record names the algorithm and keeps the parameters in the model, without its
// key, which is no part of what was learnt.
func (s *Spec[P]) record(info *Info, input, actual P, named bool) (err error) {
	info.Algo, info.Title, info.Identity.Named = s.Name, s.Title, named
	info.Parameters = s.Schema.Describe(input, actual)
	blocksOf(&input).keys.ModelID = ""
	blocksOf(&actual).keys.ModelID = ""
	if info.Input, err = Marshal(&input); err == nil {
		info.Actual, err = Marshal(&actual)
	}
	return err
}

// describe turns the kept parameters back into what people see.
func (s *Spec[P]) describe(info *Info) ([]param.Info, error) {
	var input, actual P
	if err := Unmarshal(info.Input, &input); err != nil {
		return nil, err
	}
	if err := Unmarshal(info.Actual, &actual); err != nil {
		return nil, err
	}
	key := param.ModelKey(info.Identity.Key)
	blocksOf(&actual).keys.ModelID = key
	if info.Identity.Named {
		blocksOf(&input).keys.ModelID = key
	}
	return s.Schema.Describe(input, actual), nil
}

// undecodable reports whether a parameter is unknown or has no value: looking at
// the others would be guessing. A value out of range is no reason to stop looking.
func undecodable(is param.Issues) bool {
	return slices.ContainsFunc(is, func(i param.Issue) bool {
		return i.Severity == param.Error && i.Cause != param.BadValue
	})
}

// noObject reports whether a frame or model could not be found.
func noObject(is param.Issues) bool {
	return slices.ContainsFunc(is, func(i param.Issue) bool {
		return i.Severity == param.Error && i.Cause == param.NoObject
	})
}
