package h2o

import (
	"archive/zip"
	"bytes"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine"
)

func TestFrames_Window(t *testing.T) {
	s := start(t)
	s.load("train.hex", 300)
	for _, c := range []struct {
		name                    string
		params                  []string
		rows, cols, data, count float64 // rows and columns shown, values of the first column, row_count
	}{
		{"all", nil, 300, 7, 100, 100},
		{"rows", []string{"row_offset", "10", "row_count", "5"}, 300, 7, 5, 5},
		{"rows at the end", []string{"row_offset", "290", "row_count", "50"}, 300, 7, 10, 50},
		{"rows beyond the end", []string{"row_offset", "1000", "row_count", "5"}, 300, 7, 0, 5},
		{"no rows", []string{"row_count", "0"}, 300, 7, 0, 0},
		{"columns", []string{"column_offset", "2", "column_count", "3"}, 300, 3, 100, 100},
		{"columns beyond the end", []string{"column_offset", "5", "column_count", "30"}, 300, 2, 100, 100},
		{"columns without data", []string{"full_column_count", "0"}, 300, 7, -1, 100},
	} {
		t.Run(c.name, func(t *testing.T) {
			f := at(s.ok("GET", "/3/Frames/train.hex", c.params...), "frames", 0)
			assert.Equal(t, c.rows, at(f, "rows"))
			assert.Equal(t, c.count, at(f, "row_count"))
			cols := at(f, "columns").([]any)
			assert.Len(t, cols, int(c.cols))
			assert.Equal(t, c.cols, at(f, "column_count"))
			assert.Equal(t, 7.0, at(f, "total_column_count"))
			if c.data < 0 {
				assert.Nil(t, at(cols[0], "data"))
			} else {
				assert.Len(t, at(cols[0], "data"), int(c.data))
			}
		})
	}
}

func TestFrames_Columns(t *testing.T) {
	s := start(t)
	s.load("train.hex", 26)
	cols := map[string]any{}
	for _, c := range at(s.ok("GET", "/3/Frames/train.hex/summary"), "frames", 0, "columns").([]any) {
		cols[at(c, "label").(string)] = c
	}
	assert.Equal(t, "real", at(cols["x"], "type"))
	assert.Equal(t, 0.0, at(cols["x"], "precision"))
	assert.Equal(t, []any{0.0, 0.0, 0.25, 0.25, 0.5}, at(cols["x"], "mins"))
	assert.Len(t, at(cols["x"], "percentiles"), 17)
	assert.Equal(t, "int", at(cols["z"], "type"))
	assert.Equal(t, 2.0, at(cols["z"], "missing_count"))
	assert.Equal(t, "NaN", at(cols["z"], "data", 5))
	assert.Equal(t, "enum", at(cols["c"], "type"))
	assert.Equal(t, []any{"u", "v", "w"}, at(cols["c"], "domain"))
	assert.Equal(t, "NaN", at(cols["c"], "mean"), "three levels have no mean")
	assert.NotEqual(t, "NaN", at(cols["b"], "mean"), "two levels have one")
	assert.Equal(t, "time", at(cols["t"], "type"))
	assert.Equal(t, 1704067200000.0, at(cols["t"], "data", 0))
	one := s.ok("GET", "/3/Frames/train.hex/columns/x")
	assert.Nil(t, at(one, "frames", 0, "frame_id", "name"))
	assert.Len(t, at(one, "frames", 0, "columns"), 1)
	assert.Nil(t, at(s.ok("GET", "/3/Frames/train.hex/columns/x/domain"), "domain", 0))
}

func TestFrames_Strings(t *testing.T) {
	s := start(t)
	s.send("POST", "/3/PostFile?destination_frame=up", "", "s\nab\ncd\n")
	parsed := s.ok("POST", "/3/Parse", "source_frames", "[up]", "destination_frame", "a b/c", "parse_type", "CSV", "separator", "44",
		"check_header", "1", "number_columns", "1", "column_names", `["s"]`, "column_types", `["String"]`, "blocking", "true")
	assert.Equal(t, 2.0, parsed["rows"])
	f := at(s.ok("GET", "/3/Frames/a%20b/c"), "frames", 0)
	assert.Equal(t, "a b/c", at(f, "frame_id", "name"))
	assert.Equal(t, []any{"ab", "cd"}, at(f, "columns", 0, "string_data"))
	assert.Nil(t, at(f, "columns", 0, "data"))
	assert.Equal(t, []any{"NaN", "NaN", "NaN", "NaN", "NaN"}, at(f, "columns", 0, "mins"))
}

func TestFrames_Upload(t *testing.T) {
	s := start(t)
	_, body := s.send("POST", "/3/PostFile", "", "a,b\n1,2\n")
	key := s.object(body)["destination_frame"].(string)
	assert.Regexp(t, `^upload_[0-9a-f]+$`, key)
	f := at(s.ok("GET", "/3/Frames/"+key), "frames", 0)
	assert.Equal(t, true, at(f, "is_text"))
	assert.Equal(t, 8.0, at(f, "byte_size"))
}

func TestDownload(t *testing.T) {
	s := start(t)
	s.load("train.hex", 3)
	res, body := s.send("GET", "/3/DownloadDataset?frame_id=train.hex&escape_quotes=true", "", "")
	assert.Equal(t, "application/octet-stream;charset=utf-8", res.Header.Get("Content-Type"))
	assert.Equal(t, "attachment; filename=train.csv", res.Header.Get("Content-Disposition"))
	lines := strings.Split(strings.TrimSpace(string(body)), "\n")
	assert.Equal(t, `"x","z","c","t","y","b","m"`, lines[0])
	assert.Equal(t, `0.25,7,"v",1704153600000,3,"no","p"`, lines[2])
}

func TestFind(t *testing.T) {
	s := start(t)
	s.load("train.hex", 30)
	for _, c := range []struct {
		name, column, row, match string
		prev, next               float64
	}{
		{"level", "c", "4", "v", 1, 7},
		{"number", "z", "3", "7", 1, 12},
		{"missing", "z", "0", "", -1, 5},
		{"none", "c", "0", "nosuch", -1, -1},
		{"row beyond the end", "c", "99", "v", 28, -1},
		{"first row there is", "c", "-9223372036854775808", "v", -1, 1},
		{"last row there is", "c", "9223372036854775807", "v", 28, -1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := s.ok("GET", "/3/Find", "key", "train.hex", "column", c.column, "row", c.row, "match", c.match)
			assert.Equal(t, []any{c.prev, c.next}, []any{got["prev"], got["next"]})
		})
	}
	status, _ := s.ask("GET", "/3/Find", "key", "train.hex", "column", "x", "row", "0", "match", "text")
	assert.Equal(t, 412, status)
}

func TestTraining(t *testing.T) {
	s := start(t)
	s.load("train.hex", 200)
	t.Run("JSON body with a column as an object", func(t *testing.T) {
		_, body := s.send("POST", "/3/ModelBuilders/gbm", "application/json",
			`{"training_frame":"train.hex","response_column":{"column_name":"b"},"ignored_columns":["y","m"],"ntrees":3,"model_id":"j"}`)
		require.Equal(t, "DONE", s.end(s.object(body), "job")["status"])
		m := at(s.ok("GET", "/3/Models/j"), "models", 0)
		assert.Equal(t, "Binomial", at(m, "output", "model_category"))
		assert.Equal(t, []any{"x", "z", "c", "t", "b"}, at(m, "output", "names"))
		assert.Equal(t, false, at(m, "have_mojo"))
	})
	t.Run("slashes in the key", func(t *testing.T) {
		got := s.ok("POST", "/3/ModelBuilders/gbm", "training_frame", "train.hex", "response_column", "y", "ntrees", "1", "model_id", "a/b")
		assert.Equal(t, "a_b", at(got, "job", "dest", "name"))
		assert.Equal(t, 1, said(s.end(got, "job"), got, "a_b"))
	})
	t.Run("warnings are said once", func(t *testing.T) {
		got := s.ok("POST", "/3/ModelBuilders/gbm", "training_frame", "train.hex", "response_column", "y", "ntrees", "1", "stopping_tolerance", "0.5")
		assert.Equal(t, 1, said(s.end(got, "job"), got, "Stopping tolerance is ignored"))
	})
	t.Run("made up key", func(t *testing.T) {
		got := s.ok("POST", "/3/ModelBuilders/gbm", "training_frame", "train.hex", "response_column", "y", "ntrees", "1")
		assert.Regexp(t, `^GBM_model_python_\d+_\d+$`, at(got, "job", "dest", "name"))
		s.end(got, "job")
	})
	t.Run("no training frame fails the job", func(t *testing.T) {
		j := s.end(s.ok("POST", "/3/ModelBuilders/gbm", "response_column", "y"), "job")
		assert.Equal(t, "FAILED", j["status"])
		assert.Contains(t, j["exception"], "Missing training frame")
		assert.NotNil(t, j["stacktrace"])
	})
	t.Run("validation is no error", func(t *testing.T) {
		got := s.ok("POST", "/3/ModelBuilders/gbm/parameters", "training_frame", "train.hex", "response_column", "y", "ntrees", "-1")
		assert.Nil(t, got["job"])
		assert.Equal(t, 1.0, got["error_count"])
		assert.Equal(t, "GBMV3", at(got, "__meta", "schema_name"))
	})
	t.Run("description", func(t *testing.T) {
		got := at(s.ok("GET", "/3/ModelBuilders/gbm"), "model_builders", "gbm")
		assert.Nil(t, at(got, "job"))
		assert.Greater(t, len(at(got, "parameters").([]any)), 50)
		assert.Equal(t, []any{"gbm"}, []any{at(got, "algo")})
	})
}

// said counts how often a training told a warning: in the answer to the request, and
// by its job, which clients show both.
func said(job, answer any, text string) (n int) {
	for _, m := range at(answer, "messages").([]any) {
		if at(m, "message_type") == "WARN" && strings.Contains(at(m, "message").(string), text) {
			n++
		}
	}
	told, _ := at(job, "warnings").([]any)
	for _, w := range told {
		if strings.Contains(w.(string), text) {
			n++
		}
	}
	return n
}

func TestModels_Files(t *testing.T) {
	s := start(t)
	s.load("train.hex", 100)
	require.Equal(t, "DONE", s.end(s.ok("POST", "/3/ModelBuilders/gbm", "training_frame", "train.hex", "response_column", "y", "ntrees", "2", "model_id", "m"), "job")["status"])
	path := s.ok("GET", "/99/Models.bin/m", "dir", s.work, "force", "true")["dir"].(string)
	assert.Equal(t, filepath.Join(s.work, "m"), path)
	res, file := s.send("GET", "/3/Models.fetch.bin/m", "", "")
	assert.Equal(t, `attachment; filename="m"`, res.Header.Get("Content-Disposition"))
	stored, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, stored, file)
	s.ok("DELETE", "/3/Models/m")
	assert.Equal(t, "m", at(s.ok("POST", "/99/Models.bin/", "dir", path), "models", 0, "model_id", "name"))
	s.ok("DELETE", "/3/Models/m")
	_, up := s.send("POST", "/3/PostFile.bin", "", string(file))
	key := s.object(up)["destination_frame"].(string)
	assert.Equal(t, "m", at(s.ok("POST", "/99/Models.upload.bin/", "dir", key), "models", 0, "model_id", "name"))
}

func TestMetrics(t *testing.T) {
	s := start(t)
	s.load("train.hex", 100)
	require.Equal(t, "DONE", s.end(s.ok("POST", "/3/ModelBuilders/gbm", "training_frame", "train.hex", "response_column", "b", "ntrees", "2", "model_id", "m"), "job")["status"])
	p := s.ok("POST", "/3/Predictions/models/m/frames/train.hex", "predictions_frame", "p")
	assert.Equal(t, "p", at(p, "model_metrics", 0, "predictions", "frame_id", "name"))
	assert.Equal(t, "ModelMetricsBinomialV3", at(p, "model_metrics", 0, "__meta", "schema_name"))
	assert.Len(t, s.ok("GET", "/3/ModelMetrics/models/m")["model_metrics"], 1)
	assert.Len(t, s.ok("GET", "/3/ModelMetrics/frames/train.hex/models/m")["model_metrics"], 1)
	assert.Empty(t, s.ok("GET", "/3/ModelMetrics/models/nosuch")["model_metrics"])
	assert.Len(t, s.ok("DELETE", "/3/ModelMetrics/models/m/frames/train.hex")["model_metrics"], 1)
	assert.Empty(t, s.ok("GET", "/3/ModelMetrics")["model_metrics"])

	s.ok("POST", "/99/Rapids", "ast", "(assign 'p1' (cols_py p 'yes'))")
	s.ok("POST", "/99/Rapids", "ast", "(assign 'a' (cols_py train.hex 'b'))")
	made := s.ok("POST", "/3/ModelMetrics/predictions_frame/p1/actuals_frame/a", "domain", `["no","yes"]`)
	assert.InDelta(t, at(p, "model_metrics", 0, "AUC"), at(made, "model_metrics", "AUC"), 1e-12)
}

func TestRapids(t *testing.T) {
	s := start(t)
	s.load("train.hex", 20)
	for _, c := range []struct{ ast, schema, field string }{
		{"(+ 1 2)", "RapidsNumberV3", "scalar"},
		{"[1 2]", "RapidsNumbersV3", "scalar"},
		{`"text"`, "RapidsStringV3", "string"},
		{`["a" "b"]`, "RapidsStringsV3", "string"},
		{"(cols_py train.hex 'x')", "RapidsFrameV3", "key"},
		{"{ x . (+ x 1) }", "RapidsFunctionV3", "funstr"},
	} {
		t.Run(c.ast, func(t *testing.T) {
			got := s.ok("POST", "/99/Rapids", "ast", c.ast)
			assert.Equal(t, c.schema, at(got, "__meta", "schema_name"))
			assert.Contains(t, got, c.field)
			for _, other := range []string{"scalar", "string", "key", "funstr", "map_keys"} {
				assert.Equal(t, other == c.field, has(got, other), other)
			}
			assert.Nil(t, got["ast"])
		})
	}
	t.Run("empty", func(t *testing.T) {
		got := s.ok("POST", "/99/Rapids", "ast", "", "session_id", "s")
		assert.Equal(t, "RapidsSchemaV3", at(got, "__meta", "schema_name"))
		assert.Equal(t, "s", got["session_id"])
	})
	t.Run("session ends", func(t *testing.T) {
		id := s.ok("POST", "/4/sessions")["session_key"].(string)
		s.ok("POST", "/99/Rapids", "ast", "(tmp= tmp1 (cols_py train.hex 'x'))", "session_id", id)
		s.ok("GET", "/3/Frames/tmp1")
		s.ok("DELETE", "/4/sessions/"+id)
		status, _ := s.ask("GET", "/3/Frames/tmp1")
		assert.Equal(t, 404, status)
	})
	t.Run("in the query, and twice", func(t *testing.T) {
		_, body := s.send("POST", "/99/Rapids?ast="+url.QueryEscape("(+ 1 2)"), "", "")
		assert.Equal(t, 3.0, s.object(body)["scalar"])
		assert.Equal(t, []any{"(+ 1 1)", "(+ 2 2)"}, s.ok("POST", "/99/Rapids", "ast", "(+ 1 1)", "ast", "(+ 2 2)")["string"])
	})
}

// has reports whether an object has a field.
func has(m map[string]any, name string) bool { _, ok := m[name]; return ok }

func TestSession_Properties(t *testing.T) {
	s := start(t)
	s.ok("POST", "/3/SessionProperties", "session_key", "s", "key", "k", "value", "v")
	assert.Equal(t, "v", s.ok("GET", "/3/SessionProperties", "session_key", "s", "key", "k")["value"])
	assert.Nil(t, s.ok("GET", "/3/SessionProperties", "session_key", "other", "key", "k")["value"])
	s.ok("DELETE", "/3/InitID", "session_key", "s")
	assert.Nil(t, s.ok("GET", "/3/SessionProperties", "session_key", "s", "key", "k")["value"])
}

func TestLogs(t *testing.T) {
	s := start(t)
	s.ok("POST", "/3/LogAndEcho", "message", "a line of the test")
	assert.Contains(t, s.ok("GET", "/3/Logs/nodes/-1/files/info")["log"], "a line of the test")
	assert.NotContains(t, s.ok("GET", "/3/Logs/nodes/0/files/error")["log"], "a line of the test")
	_, text := s.send("GET", "/3/Logs/download/log", "", "")
	assert.Contains(t, string(text), "a line of the test")
	res, packed := s.send("GET", "/3/Logs/download", "", "")
	assert.Regexp(t, `^attachment; filename=h2ologs_\d{8}_\d{6}\.zip$`, res.Header.Get("Content-Disposition"))
	z, err := zip.NewReader(bytes.NewReader(packed), int64(len(packed)))
	require.NoError(t, err)
	assert.Len(t, z.File, 1)
}

func TestShutdown(t *testing.T) {
	s := start(t)
	s.ok("POST", "/3/Shutdown")
	<-s.stop
	s.ok("POST", "/3/Shutdown") // asking twice does no harm
}

// What large trainings compute on, and why not on a GPU, is where people look for it.
func TestKernels(t *testing.T) {
	s := start(t)
	d := engine.Machine("", "")
	require.NotEmpty(t, d.Kernels)
	require.NotEmpty(t, d.Scoring)
	assert.Equal(t, d.Kernels, at(s.ok("GET", "/3/Cloud"), "nodes", 0, "kernels"))
	assert.Equal(t, d.Scoring, at(s.ok("GET", "/3/Cloud"), "nodes", 0, "scoring"))
	for path, want := range map[string]int{"/3/Capabilities": 1, "/3/Capabilities/Core": 1, "/3/Capabilities/API": 0} {
		n := 0
		for _, c := range s.ok("GET", path)["capabilities"].([]any) {
			if name := c.(map[string]any)["name"]; name == "Kernels: "+d.Kernels || name == "Scoring: "+d.Scoring {
				n++
			}
		}
		assert.Equal(t, 2*want, n, path)
	}
	told := map[string]any{}
	for _, e := range s.ok("GET", "/3/About")["entries"].([]any) {
		told[e.(map[string]any)["name"].(string)] = e.(map[string]any)["value"]
	}
	assert.Equal(t, d.Kernels, told["Kernels"])
	assert.Equal(t, d.Scoring, told["Scoring"])
}

// What multiplies on a device is told when it is known.
func TestKernelLines(t *testing.T) {
	known, unknown := engine.Device{Dense: "cuBLAS 12.8.4"}, engine.Device{}
	known.Name, unknown.Name = "cuda:0", "cuda:1"
	assert.Equal(t, [][2]string{{"Kernels", "cuda:0"}, {"Scoring", "go"}, {"Layers on cuda:0", "cuBLAS 12.8.4"}},
		kernelLines(engine.Diagnosis{Kernels: "cuda:0", Scoring: "go", Devices: []engine.Device{known, unknown}}))
}

func TestVersions(t *testing.T) {
	s := start(t)
	for _, v := range []string{"3", "4", "9", "99", "LATEST", "EXPERIMENTAL"} {
		assert.Equal(t, "CloudV3", at(s.ok("GET", "/"+v+"/Cloud"), "__meta", "schema_name"), v)
	}
	assert.Equal(t, Version, s.ok("GET", "/3/Cloud")["version"])
	assert.Equal(t, "12", s.ok("GET", "/3/Cloud")["build_number"])
}
