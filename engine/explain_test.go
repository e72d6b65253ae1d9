package engine

import (
	"context"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/explain"
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/engine/job"
	"github.com/geyser-ml/geyser/engine/param"
	"github.com/geyser-ml/geyser/engine/table"
)

// explained is an engine with the frame "air", the binomial model "late" and the
// regression "dep".
func explained(t *testing.T, dir string, repo *memRepo) (*Engine, string) {
	t.Helper()
	work := t.TempDir()
	e := open(t, dir, work, repo)
	load(t, e, flights(t, work, 500), "air")
	for _, y := range []string{"late", "dep"} {
		train(t, e, param.Raw{"training_frame": "air", "response_column": y, "model_id": y, "ntrees": "3", "max_depth": "3", "seed": "1"})
	}
	return e, work
}

func TestEngine_PartialDependenceSurvives(t *testing.T) {
	dir, repo := t.TempDir(), &memRepo{}
	e, work := explained(t, dir, repo)
	j, err := e.PartialDependence(PartialQuestion{
		Model: "dep", Frame: "air", Dest: "pd", Columns: []string{"dist"}, Bins: 4, Weight: -1, Row: -1,
		Pairs: [][]string{{"dist", "carrier"}}, Splits: []Split{{"carrier", []float64{2, 0}}},
	})
	require.NoError(t, err)
	done(t, j)
	before, err := e.Partial("pd")
	require.NoError(t, err)
	require.Len(t, before.Tables, 2)
	assert.Equal(t, 4, before.Tables[0].Rows())
	assert.Equal(t, 8, before.Tables[1].Rows(), "4 points and the 2 levels that were given")

	again := open(t, dir, work, repo)
	after, err := again.Partial("pd")
	require.NoError(t, err)
	assert.Equal(t, before, after)
	_, err = again.Model("pd", "model_id")
	kindIs(t, err, errs.Invalid, "pd names a partial dependence")
	require.NoError(t, again.Remove("pd", false))
	assert.Empty(t, repo.results)
	_, err = open(t, dir, work, repo).Partial("pd")
	kindIs(t, err, errs.NotFound, "pd")
}

// A result whose record is damaged says so; the others are there.
func TestEngine_DamagedResult(t *testing.T) {
	dir, work, repo := t.TempDir(), t.TempDir(), &memRepo{}
	e := open(t, dir, work, repo)
	want := Partial{PartialQuestion{Model: "m", Frame: "f"}, []*table.Table{table.New("PartialDependence", "").Add("x", table.Double, "%5f", 1.5, nil)}}
	for _, key := range []string{"good", "bad"} {
		release, err := e.catalog.Lock("job", nil, []string{key})
		require.NoError(t, err)
		require.NoError(t, publishResult(e, "job", key, kindPartial, want))
		release()
	}
	repo.results[1].Body = repo.results[1].Body[:5]
	repo.results = append(repo.results, ResultRecord{Key: "other", Kind: "of a later release"})
	again := open(t, dir, work, repo)
	got, err := again.Partial("good")
	require.NoError(t, err)
	assert.Equal(t, want, got)
	_, err = again.Partial("bad")
	assert.ErrorContains(t, err, "loading partial dependence bad")
	assert.Equal(t, []string{"bad", "good"}, keys(again))
}

func TestEngine_PartialDependenceErrors(t *testing.T) {
	e, _ := explained(t, t.TempDir(), &memRepo{})
	for _, c := range []struct {
		name   string
		change func(*PartialQuestion)
		kind   errs.Kind
		words  string
	}{
		{"ErrModel", func(q *PartialQuestion) { q.Model = "nosuch" }, errs.NotFound, "nosuch"},
		{"ErrFrame", func(q *PartialQuestion) { q.Frame = "nosuch" }, errs.NotFound, "nosuch"},
		{"ErrFrameIsModel", func(q *PartialQuestion) { q.Frame = "dep" }, errs.Invalid, "dep names a model"},
		{"ErrDestIsFrame", func(q *PartialQuestion) { q.Dest = "air" }, errs.Invalid, "air names a frame"},
		{"ErrPair", func(q *PartialQuestion) { q.Pairs = [][]string{{"dist"}} }, errs.Invalid, "col_pairs_2dpdp"},
		{"ErrWeight", func(q *PartialQuestion) { q.Weight = 4 }, errs.Invalid, "which has 4"},
		{"ErrPoints", func(q *PartialQuestion) { q.Bins = 1e9 }, errs.Invalid, "1000000000 points for 1 columns"},
		{"ErrPairPoints", func(q *PartialQuestion) { q.Bins, q.Pairs = 5000, [][]string{{"dist", "dep"}} }, errs.Invalid, "nbins 5000 makes 25005000 points"},
		{"ErrColumn", func(q *PartialQuestion) { q.Columns = []string{"nosuch"} }, errs.Invalid, "nosuch"},
		{"ErrSplitColumn", func(q *PartialQuestion) { q.Splits = []Split{{"nosuch", []float64{1}}} }, errs.Invalid, "no column 'nosuch'"},
		{"ErrSplitLevel", func(q *PartialQuestion) { q.Splits = []Split{{"carrier", []float64{5}}} }, errs.Invalid, "user_splits: 5 is not the code"},
		{"ErrSplitFraction", func(q *PartialQuestion) { q.Splits = []Split{{"carrier", []float64{0.5}}} }, errs.Invalid, "user_splits"},
		{"ErrSplitNaN", func(q *PartialQuestion) { q.Splits = []Split{{"carrier", []float64{math.NaN()}}} }, errs.Invalid, "user_splits"},
	} {
		t.Run(c.name, func(t *testing.T) {
			q := PartialQuestion{Model: "dep", Frame: "air", Columns: []string{"dist"}, Bins: 3, Weight: -1, Row: -1}
			c.change(&q)
			_, err := e.PartialDependence(q)
			kindIs(t, err, c.kind, c.words)
			require.NoError(t, e.room("", 0))
		})
	}
	f, release, err := e.Frame("air", "key")
	require.NoError(t, err)
	defer release()
	m, err := e.Model("dep", "key")
	require.NoError(t, err)
	q := PartialQuestion{Weight: -1}
	p, err := q.resolve(m, f)
	require.NoError(t, err)
	assert.Len(t, p.Columns, 3, "no column means the most important ones")
}

func TestEngine_Questions(t *testing.T) {
	e, _ := explained(t, t.TempDir(), &memRepo{})
	for _, c := range []struct {
		name   string
		ask    Question
		prefix string
		cols   int
	}{
		{"leaves", Question{Want: Leaves}, "leaf_node_assignment_", 3},
		{"leaf numbers", Question{Want: Leaves, NodeIDs: true}, "leaf_node_assignment_", 3},
		{"stages", Question{Want: Stages}, "staged_proba__", 3},
		{"contributions", Question{Want: Contributions}, "contributions__", 4},
		{"largest contributions", Question{Want: Contributions, Contribution: explain.Contribution{Top: 1, Bottom: 1}}, "contributions__", 5},
		{"contributions against a frame", Question{Want: Contributions, Background: "air"}, "contributions__", 9},
		{"frequencies", Question{Want: Frequencies}, "feature_frequencies_", 3},
		{"predictions", Question{}, "transformation_", 3},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.ask.Model, c.ask.Frame = "late", "air"
			j, err := e.PredictJob(c.ask)
			require.NoError(t, err)
			done(t, j)
			later, _ := j.Dest()
			assert.Regexp(t, "^"+c.prefix+"[0-9a-f]{4}_late_on_air$", later)
			assert.Equal(t, "transformation", j.Description())
			f, release, err := e.Frame(later, "key")
			require.NoError(t, err)
			defer release()
			assert.Equal(t, []int{500, c.cols}, []int{f.NumRows(), f.NumCols()})

			p, err := e.Predict(context.Background(), c.ask)
			require.NoError(t, err)
			assert.Equal(t, f.Checksum(), p.Frame.Checksum(), "at once as by a job")
			assert.Equal(t, c.ask.Want == Predictions, p.Measured != nil)
			if c.ask.Want == Predictions {
				c.prefix = "predictions_"
			}
			assert.True(t, strings.HasPrefix(p.Key, c.prefix), p.Key)
		})
	}
	_, err := e.PredictJob(Question{Model: "late", Frame: "air", Want: Contributions, Background: "nosuch"})
	kindIs(t, err, errs.NotFound, "nosuch")
	_, err = e.Predict(context.Background(), Question{Model: "late", Frame: "air", Dest: "dep"})
	kindIs(t, err, errs.Invalid, "dep names a model")
}

func TestEngine_ResetThreshold(t *testing.T) {
	dir, repo := t.TempDir(), &memRepo{}
	e, work := explained(t, dir, repo)
	share := func(e *Engine) float64 {
		p, err := e.Predict(context.Background(), Question{Model: "late", Frame: "air"})
		require.NoError(t, err)
		return p.Frame.Column(0).Stats().Mean
	}
	before, payloads := share(e), payload(t, e, "dep")
	m, err := e.Model("late", "key")
	require.NoError(t, err)
	old, err := e.ResetThreshold("late", 0)
	require.NoError(t, err)
	assert.Equal(t, m.Info().Threshold, old, "the model in hand is as it was")
	assert.Less(t, before, 1.0)
	assert.Equal(t, 1.0, share(e))
	assert.Equal(t, 1.0, share(open(t, dir, work, repo)), "after a restart, too")
	assert.Equal(t, payloads, payload(t, e, "dep"))
	for _, c := range []struct {
		name, key string
		threshold float64
		kind      errs.Kind
		words     string
	}{
		{"ErrUnknown", "nosuch", 0.5, errs.NotFound, "nosuch"},
		{"ErrRegression", "dep", 0.5, errs.Invalid, "only a Binomial one"},
		{"ErrFrame", "air", 0.5, errs.Invalid, "air names a frame"},
		{"ErrNegative", "late", -0.1, errs.Invalid, "outside 0 to 1"},
		{"ErrNaN", "late", math.NaN(), errs.Invalid, "outside 0 to 1"},
	} {
		_, err := e.ResetThreshold(c.key, c.threshold)
		kindIs(t, err, c.kind, c.words)
	}
}

func TestEngine_ExportCheckpoints(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	load(t, e, flights(t, work, 300), "air")
	dir := filepath.Join(work, "kept")
	train(t, e, param.Raw{"training_frame": "air", "response_column": "late", "model_id": "m", "ntrees": "3", "nfolds": "2", "export_checkpoints_dir": dir})
	list, err := os.ReadDir(dir)
	require.NoError(t, err)
	var names []string
	for _, f := range list {
		names = append(names, f.Name())
	}
	assert.Equal(t, []string{"m", "m_cv_1", "m_cv_2"}, names)
	require.NoError(t, e.RemoveModel("m"))
	m, err := e.LoadModel(filepath.Join(dir, "m"))
	require.NoError(t, err)
	assert.Equal(t, "m", m.Info().Identity.Key)
}

// A training that fails to save says so, and keeps the model.
func TestEngine_ExportCheckpoints_Full(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	load(t, e, flights(t, work, 300), "air")
	require.NoError(t, os.WriteFile(filepath.Join(work, "file"), nil, 0o600))
	tr, err := e.Train("gbm", param.Raw{"training_frame": "air", "response_column": "late", "model_id": "m", "ntrees": "2",
		"export_checkpoints_dir": filepath.Join(work, "file")}, "")
	require.NoError(t, err)
	require.NotNil(t, tr.Job, "%v", tr.Issues)
	<-tr.Job.Done()
	s := tr.Job.Snapshot()
	assert.Equal(t, job.Failed, s.State)
	assert.Contains(t, s.Err, "file")
	_, err = e.Model("m", "key")
	assert.NoError(t, err)
}

func TestEngine_SaveText(t *testing.T) {
	work := t.TempDir()
	e := open(t, t.TempDir(), work, &memRepo{})
	path := filepath.Join(work, "new", "m.json")
	require.NoError(t, e.SaveText(path, "dir", false, []byte("{}")))
	b, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, "{}", string(b))
	kindIs(t, e.SaveText(path, "dir", false, nil), errs.Invalid, "exists already")
	require.NoError(t, e.SaveText(path, "dir", true, []byte("[]")))
	kindIs(t, e.SaveText("/etc/m.json", "dir", true, nil), errs.Invalid, "out of reach")
}

func TestEngine_RapidsAboutModels(t *testing.T) {
	e, _ := explained(t, t.TempDir(), &memRepo{})
	for _, c := range []struct {
		name, ast string
		names     []string
		rows      int
		err       string
	}{
		{"importance", `(PermutationVarImp late air "AUTO" -1 1 [] 1)`, []string{"Variable", "Relative Importance", "Scaled Importance", "Percentage"}, 3, ""},
		{"threshold", `(model.reset.threshold late 0.25)`, []string{"threshold"}, 1, ""},
		{"means by level", `(predicted.vs.actual.by.var dep air "carrier" (cols_py air "dep"))`, []string{"carrier", "predict", "actual"}, 5, ""},
		{"ErrMetric", `(PermutationVarImp late air "nosuch" -1 1 [] 1)`, nil, 0, "nosuch"},
		{"ErrFeature", `(PermutationVarImp late air "AUTO" -1 1 ["nosuch"] 1)`, nil, 0, "nosuch"},
		{"ErrRepeats", `(PermutationVarImp late air "AUTO" -1 0 [] 1)`, nil, 0, "not an integer from 1"},
		{"ErrMeansOfClasses", `(predicted.vs.actual.by.var late air "carrier" (cols_py air "dep"))`, nil, 0, "works on Regression"},
		{"ErrMeansByNumber", `(predicted.vs.actual.by.var dep air "dist" (cols_py air "dep"))`, nil, 0, "needs a categorical column"},
		{"ErrMeansOfOtherRows", `(predicted.vs.actual.by.var dep air "carrier" (rows (cols_py air "dep") [0:5]))`, nil, 0, "a column of 500 numbers"},
	} {
		t.Run(c.name, func(t *testing.T) {
			v, err := e.Rapids(context.Background(), "s", c.ast)
			if c.err != "" {
				require.ErrorContains(t, err, c.err)
				assert.Equal(t, errs.Invalid, errs.KindOf(err))
				return
			}
			require.NoError(t, err)
			f := v.(interface {
				Names() []string
				NumRows() int
				Column(int) *frame.Column
			})
			assert.Equal(t, c.names, f.Names())
			assert.Equal(t, c.rows, f.NumRows())
			if slices.Contains(c.names, "actual") {
				for i := range c.rows {
					assert.InDelta(t, f.Column(2).Float(i), f.Column(1).Float(i), 1e-9, "the response as its own prediction")
				}
			}
		})
	}
}
