package h2o

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestStatuses holds the statuses and the classes of errors against those that
// were recorded from H2O, or against what COMPAT.md says instead.
func TestStatuses(t *testing.T) {
	s := start(t)
	s.load("train.hex", 100)
	done := s.ok("POST", "/3/ModelBuilders/gbm", "training_frame", "train.hex", "response_column", "y", "ntrees", "2", "model_id", "m")
	require.Equal(t, "DONE", s.end(done, "job")["status"])
	train := func(more ...string) []string {
		return append([]string{"training_frame", "train.hex", "response_column", "y"}, more...)
	}
	partial := func(more ...string) []string {
		return append([]string{"model_id", "m", "frame_id", "train.hex"}, more...)
	}
	for _, c := range []struct {
		name, method, path string
		params             []string
		status             int
		exception, msg     string
	}{
		{"model", "GET", "/3/Models/nosuch", nil, 404, keyNotFound, "Object 'nosuch' not found for argument: key"},
		{"delete model", "DELETE", "/3/Models/nosuch", nil, 404, keyNotFound, "nosuch"},
		{"frame", "GET", "/3/Frames/nosuch", nil, 404, keyNotFound, "Object 'nosuch' not found for argument: key"},
		{"frame with slashes", "GET", "/3/Frames/train.hex/nosuch", nil, 404, keyNotFound, "train.hex/nosuch"},
		{"delete frame", "DELETE", "/3/Frames/nosuch", nil, 404, keyNotFound, "nosuch"},
		{"column", "GET", "/3/Frames/train.hex/columns/nosuch", nil, 404, columnNotFound, "nosuch"},
		{"download", "GET", "/3/DownloadDataset", []string{"frame_id", "nosuch"}, 404, keyNotFound, "nosuch"},
		{"grid", "GET", "/99/Grids/nosuch", nil, 404, keyNotFound, "nosuch"},
		{"model as frame", "GET", "/3/Frames/m", nil, 412, illegalArgument, "m"},
		{"frame as model", "GET", "/3/Models/train.hex", nil, 412, illegalArgument, "train.hex"},
		{"predict unknown model", "POST", "/3/Predictions/models/nosuch/frames/train.hex", nil, 404, keyNotFound, "nosuch"},
		{"predict unknown frame", "POST", "/4/Predictions/models/m/frames/nosuch", nil, 404, keyNotFound, "nosuch"},
		{"predict deviances", "POST", "/4/Predictions/models/m/frames/train.hex", []string{"deviances", "true"}, 412, illegalArgument, "deviances"},
		{"job", "GET", "/3/Jobs/nosuch", nil, 400, javaIllegal, "Job is missing"},
		{"cancel job", "POST", "/3/Jobs/nosuch/cancel", nil, 400, javaIllegal, "nosuch"},
		{"job of version 4", "GET", "/4/jobs/nosuch", nil, 400, javaIllegal, "nosuch"},
		{"frame as job", "GET", "/3/Jobs/train.hex", nil, 412, illegalArgument, "Frame"},
		{"model as job", "GET", "/3/Jobs/m", nil, 412, illegalArgument, "Model"},
		{"unknown parameter of GET", "GET", "/3/Frames", []string{"nosuch", "1"}, 412, illegalArgument, "Unknown parameter: nosuch"},
		{"output is no parameter", "POST", "/3/ModelBuilders/gbm", train("algo", "x"), 412, illegalArgument, "Unknown parameter: algo"},
		{"number", "GET", "/3/Frames/train.hex", []string{"row_count", "abc"}, 412, illegalArgument, `cannot convert "abc" to type`},
		{"required", "GET", "/3/Typeahead/files", nil, 412, illegalArgument, "Required field src not specified"},
		{"no sources", "POST", "/3/ParseSetup", []string{"source_frames", "[]"}, 412, illegalArgument, "No file names given"},
		{"double names", "POST", "/3/Parse", []string{"source_frames", "[x]", "destination_frame", "d", "column_names", `["a","b","a"]`},
			400, javaIllegal, "duplicate column name a"},
		{"import", "POST", "/3/ImportFiles", []string{"path", s.work + "/nosuch.csv"}, 404, notFound, "does not exist"},
		{"import from elsewhere", "POST", "/3/ImportFiles", []string{"path", "/etc/passwd"}, 412, illegalArgument, "out of reach"},
		{"export over a file", "POST", "/3/Frames/train.hex/export", []string{"path", s.work + "/train.hex.csv"}, 412, illegalArgument, "exists"},
		{"builder parameter", "POST", "/3/ModelBuilders/gbm", train("ntrees", "0"), 412, badParameters, "ERRR on field: _ntrees"},
		{"builder several", "POST", "/3/ModelBuilders/gbm", train("ntrees", "0", "learn_rate", "5"), 412, badParameters, "_learn_rate"},
		{"builder number", "POST", "/3/ModelBuilders/gbm", train("ntrees", "many"), 412, illegalArgument, "ntrees"},
		{"builder fraction", "POST", "/3/ModelBuilders/gbm", train("ntrees", "1.5"), 412, illegalArgument, "ntrees"},
		{"builder word", "POST", "/3/ModelBuilders/gbm", train("distribution", "nosuch"), 400, javaIllegal, "nosuch"},
		{"builder unknown", "POST", "/3/ModelBuilders/gbm", train("nosuch", "1"), 412, illegalArgument, "Unknown parameter: nosuch"},
		{"builder frame", "POST", "/3/ModelBuilders/gbm", []string{"training_frame", "nosuch", "response_column", "y"}, 400, javaIllegal, "nosuch"},
		{"builder key of a frame", "POST", "/3/ModelBuilders/gbm", train("model_id", "train.hex"), 412, illegalArgument, "train.hex"},
		{"builder algorithm", "POST", "/3/ModelBuilders/nosuch", train(), 404, notFound, "POST /3/ModelBuilders/nosuch not found"},
		{"builder algorithm to come", "POST", "/3/ModelBuilders/glm", train(), 412, illegalArgument, "not available in this release"},
		{"describe algorithm", "GET", "/3/ModelBuilders/nosuch", nil, 404, notFound, "nosuch"},
		{"expression", "POST", "/99/Rapids", []string{"ast", "(nosuch 1)"}, 400, javaIllegal, "nosuch"},
		{"syntax", "POST", "/99/Rapids", []string{"ast", "(+ 1"}, 400, javaIllegal, ""},
		{"no expression", "POST", "/99/Rapids", nil, 412, illegalArgument, "Required field ast not specified"},
		{"expression parameter", "POST", "/99/Rapids", []string{"ast", "1", "x", "1"}, 412, illegalArgument, "Unknown parameter: x"},
		{"session", "POST", "/99/Rapids", []string{"ast", "1", "session_id", strings.Repeat("s", 5000)}, 400, javaIllegal, "5000 bytes"},
		{"property", "POST", "/3/SessionProperties", []string{"session_key", "s", "key", "k", "value", strings.Repeat("v", 20000)}, 412, illegalArgument, "20002 bytes"},
		{"long key", "POST", "/99/Rapids", []string{"ast", "(tmp= " + strings.Repeat("k", 1<<17) + " train.hex)"}, 400, javaIllegal, "131072 bytes"},
		{"typeahead elsewhere", "GET", "/3/Typeahead/files", []string{"src", "/etc/"}, 412, illegalArgument, "out of reach"},
		{"export elsewhere", "POST", "/3/Frames/train.hex/export", []string{"path", "s3://bucket/x.csv"}, 412, illegalArgument, "s3://"},
		{"schema", "GET", "/3/Metadata/schemas/NoSuchV3", nil, 404, notFound, "NoSuchV3"},
		{"endpoint", "GET", "/3/Metadata/endpoints/99999", nil, 404, notFound, "99999"},
		{"log", "GET", "/3/Logs/nodes/0/files/nosuch", nil, 400, javaIllegal, "nosuch"},
		{"node", "GET", "/3/Logs/nodes/9/files/info", nil, 400, javaIllegal, "9"},
		{"archive", "GET", "/3/Logs/download/nosuch", nil, 400, javaIllegal, "nosuch"},
		{"GET", "GET", "/3/NoSuch", nil, 404, notFound, "Resource /3/NoSuch not found"},
		{"POST", "POST", "/3/NoSuch", nil, 404, notFound, "POST /3/NoSuch not found"},
		{"DELETE", "DELETE", "/3/Cloud", nil, 404, notFound, "DELETE /3/Cloud not found"},
		{"method of another route", "GET", "/3/Parse", nil, 404, notFound, "Resource /3/Parse not found"},
		{"no version", "GET", "/Cloud", nil, 404, notFound, "Resource /Cloud not found"},
		{"letter case", "GET", "/3/cloud", nil, 404, notFound, "/3/cloud"},
		{"trailing slash", "GET", "/3/Cloud/", nil, 404, notFound, "/3/Cloud/"},
		{"only a version", "GET", "/3", nil, 404, notFound, "/3"},
		{"PUT", "PUT", "/3/Cloud", nil, 400, "java.net.MalformedURLException", "Bad HTTP method: PUT"},
		{"to come", "POST", "/3/SplitFrame", nil, 412, illegalArgument, "SplitFrame: not available in this release"},

		{"tree without a model", "GET", "/3/Tree", nil, 412, illegalArgument, "Required field model not specified"},
		{"tree without a number", "GET", "/3/Tree", []string{"model", "m"}, 412, illegalArgument, "Required field tree_number not specified"},
		{"tree of unknown model", "GET", "/3/Tree", []string{"model", "nosuch", "tree_number", "0"}, 400, javaIllegal, "nosuch"},
		{"tree of a frame", "GET", "/3/Tree", []string{"model", "train.hex", "tree_number", "0"}, 412, illegalArgument, "train.hex"},
		{"tree number", "GET", "/3/Tree", []string{"model", "m", "tree_number", "99"}, 400, javaIllegal, "99"},
		{"tree number as text", "GET", "/3/Tree", []string{"model", "m", "tree_number", "x"}, 412, illegalArgument, `cannot convert "x"`},
		{"tree class of regression", "GET", "/3/Tree", []string{"model", "m", "tree_number", "0", "tree_class", "x"}, 400, javaIllegal, "no tree classes for Regression"},
		{"tree rules", "GET", "/3/Tree", []string{"model", "m", "tree_number", "0", "plain_language_rules", "x"}, 400, javaIllegal, "AUTO, TRUE, FALSE"},
		{"partial without a model", "POST", "/3/PartialDependence/", nil, 412, illegalArgument, "Required field model_id not specified"},
		{"partial of unknown model", "POST", "/3/PartialDependence/", []string{"model_id", "nosuch", "frame_id", "train.hex"}, 400, javaIllegal, "nosuch"},
		{"partial on unknown frame", "POST", "/3/PartialDependence/", []string{"model_id", "m", "frame_id", "nosuch"}, 400, javaIllegal, "nosuch"},
		{"partial of a frame", "POST", "/3/PartialDependence/", []string{"model_id", "train.hex", "frame_id", "train.hex"}, 412, illegalArgument, "train.hex"},
		{"partial into a frame", "POST", "/3/PartialDependence/", partial("destination_key", "train.hex"), 412, illegalArgument, "train.hex names a frame"},
		{"partial pair of three", "POST", "/3/PartialDependence/", partial("col_pairs_2dpdp", "[[x,z,c]]"), 412, illegalArgument, "must be pairs of columns"},
		{"partial points without columns", "POST", "/3/PartialDependence/", partial("user_splits", "[1,2]"), 412, illegalArgument, "user_splits has 2 points more"},
		{"partial points without counts", "POST", "/3/PartialDependence/", partial("user_cols", "[x]"), 412, illegalArgument, "num_user_splits has 0 numbers for 1 columns"},
		{"partial points of too few", "POST", "/3/PartialDependence/", partial("user_cols", "[x]", "num_user_splits", "[3]", "user_splits", "[1]"), 412, illegalArgument, "3 points; user_splits has 1 left"},
		{"partial points of unknown column", "POST", "/3/PartialDependence/", partial("user_cols", "[o]", "num_user_splits", "[1]", "user_splits", "[1]"), 412, illegalArgument, "no column 'o'"},
		{"partial points of unknown level", "POST", "/3/PartialDependence/", partial("user_cols", "[c]", "num_user_splits", "[1]", "user_splits", "[7]"), 412, illegalArgument, "not the code of a level"},
		{"partial weights", "POST", "/3/PartialDependence/", partial("weight_column_index", "99"), 412, illegalArgument, "weight_column_index 99"},
		{"partial row", "POST", "/3/PartialDependence/", partial("row_index", "-2"), 412, illegalArgument, "row_index is -2"},
		{"partial under a frame's key", "GET", "/3/PartialDependence/train.hex", nil, 412, illegalArgument, "train.hex names a frame"},
		{"interactions of unknown model", "POST", "/3/FeatureInteraction", []string{"model_id", "nosuch", "max_interaction_depth", "1", "max_tree_depth", "1", "max_deepening", "-1"}, 404, keyNotFound, "nosuch"},
		{"interactions without limits", "POST", "/3/FeatureInteraction", []string{"model_id", "m"}, 412, illegalArgument, "max_interaction_depth"},
		{"h of unknown frame", "POST", "/3/FriedmansPopescusH", []string{"model_id", "m", "frame", "nosuch", "variables", "[x]"}, 404, keyNotFound, "nosuch"},
		{"h without variables", "POST", "/3/FriedmansPopescusH", []string{"model_id", "m", "frame", "train.hex"}, 412, illegalArgument, "variables"},
		{"Java source", "GET", "/3/Models.java/nosuch", nil, 412, illegalArgument, "cannot be had as Java source"},
		{"preview of Java source", "GET", "/3/Models.java/m/preview", nil, 412, illegalArgument, "cannot be had as Java source"},
		{"MOJO", "GET", "/3/Models/m/mojo", nil, 412, illegalArgument, "cannot be had as MOJO"},
		{"MOJO in a file", "GET", "/99/Models.mojo/m", []string{"dir", s.work}, 412, illegalArgument, "cannot be had as MOJO"},
		{"details of unknown model", "GET", "/99/Models/nosuch/json", []string{"dir", s.work + "/m.json"}, 404, keyNotFound, "nosuch"},
		{"details elsewhere", "GET", "/99/Models/m/json", []string{"dir", "/etc/m.json"}, 412, illegalArgument, "out of reach"},
		{"details into a folder", "GET", "/99/Models/m/json", []string{"dir", s.work}, 412, illegalArgument, "name a file"},
		{"details over a file", "GET", "/99/Models/m/json", []string{"dir", s.work + "/train.hex.csv", "force", "false"}, 412, illegalArgument, "exists already"},
		{"two questions", "POST", "/3/Predictions/models/m/frames/train.hex", []string{"leaf_node_assignment", "true", "predict_staged_proba", "true"}, 412, illegalArgument, "both set"},
		{"option without its question", "POST", "/4/Predictions/models/m/frames/train.hex", []string{"top_n", "2"}, 412, illegalArgument, "belongs to"},
		{"leaf type", "POST", "/3/Predictions/models/m/frames/train.hex", []string{"leaf_node_assignment", "true", "leaf_node_assignment_type", "x"}, 400, javaIllegal, "Path, Node_ID"},
		{"background frame", "POST", "/4/Predictions/models/m/frames/train.hex", []string{"predict_contributions", "true", "background_frame", "nosuch"}, 404, keyNotFound, "nosuch"},
		{"reconstruction", "POST", "/4/Predictions/models/m/frames/train.hex", []string{"reconstruction_error", "true"}, 412, illegalArgument, "only autoencoders"},
		{"custom metric", "POST", "/3/ModelMetrics/models/m/frames/train.hex", []string{"custom_metric_func", "python:x=y"}, 412, illegalArgument, "custom_metric_func"},
		{"leaves as metrics", "POST", "/3/ModelMetrics/models/m/frames/train.hex", []string{"leaf_node_assignment", "true"}, 412, illegalArgument, "predictions alone"},
		{"predictions into a model", "POST", "/4/Predictions/models/m/frames/train.hex", []string{"predictions_frame", "m"}, 412, illegalArgument, "m names a model"},
		{"predictions into a model, at once", "POST", "/3/Predictions/models/m/frames/train.hex", []string{"predictions_frame", "m"}, 412, illegalArgument, "m names a model"},
		{"threshold of regression", "POST", "/99/Rapids", []string{"ast", "(model.reset.threshold m 0.4)"}, 400, javaIllegal, "only a Binomial one"},
		{"importance of a frame", "POST", "/99/Rapids", []string{"ast", "(PermutationVarImp train.hex train.hex 'AUTO' -1 1 [] 1)"}, 400, javaIllegal, "Expected a Model"},
	} {
		t.Run(c.name, func(t *testing.T) {
			status, got := s.ask(c.method, c.path, c.params...)
			assert.Equal(t, c.status, status, "%v", got["msg"])
			assert.Equal(t, c.exception, got["exception_type"])
			assert.Contains(t, got["msg"], "\n\nERROR MESSAGE:\n\n")
			assert.Contains(t, got["msg"], c.msg)
			assert.Equal(t, float64(status), got["http_status"])
			assert.Equal(t, c.path, got["error_url"])
			want := "H2OErrorV3"
			if c.exception == badParameters {
				want = "H2OModelBuilderErrorV3"
			}
			assert.Equal(t, want, at(got, "__meta", "schema_name"))
		})
	}
}

func TestStatuses_JSON(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		name, path, body string
		status           int
		exception        string
	}{
		{"well formed", "/99/Rapids", `{"ast":"(+ 1 1)"}`, 200, ""},
		{"ErrMalformed", "/99/Rapids", `{bad`, 400, "com.google.gson.JsonSyntaxException"},
		{"ErrUnknown", "/99/Rapids", `{"ast":"1","nosuch":1}`, 400, javaIllegal},
		{"ErrUnknownDecoded", "/3/LogAndEcho", `{"nosuch":1}`, 400, javaIllegal},
		{"ErrMalformedTraining", "/3/ModelBuilders/gbm", `{bad`, 400, "com.google.gson.JsonSyntaxException"},
	} {
		t.Run(c.name, func(t *testing.T) {
			res, body := s.send("POST", c.path, "application/json", c.body)
			assert.Equal(t, c.status, res.StatusCode, string(body))
			if c.exception != "" {
				assert.Equal(t, c.exception, s.object(body)["exception_type"])
			}
		})
	}
}

func TestMethods(t *testing.T) {
	s := start(t)
	for _, c := range []struct {
		method, path string
		status       int
		kind         string
	}{
		{"HEAD", "/", 200, "text/plain"},
		{"HEAD", "/3/Cloud", 200, jsonType},
		{"HEAD", "/3/Frames", 404, jsonType},
		{"HEAD", "/3/NoSuch", 404, jsonType},
		{"OPTIONS", "/3/Cloud", 200, ""},
		{"PATCH", "/3/Cloud", 501, ""},
		{"GET", "/", 301, "text/plain"},
		{"GET", "/3/", 301, "text/plain"},
		{"GET", "/flow/index.html", 200, "text/html; charset=utf-8"},
		{"GET", "/favicon.ico", 200, "application/octet-stream"},
	} {
		t.Run(c.method+" "+c.path, func(t *testing.T) {
			res, body := s.send(c.method, c.path, "", "")
			assert.Equal(t, c.status, res.StatusCode)
			assert.Equal(t, c.kind, res.Header.Get("Content-Type"))
			if c.status == http.StatusMovedPermanently {
				assert.Equal(t, "/flow/index.html", res.Header.Get("Location"))
			}
			if c.path != "/flow/index.html" && c.path != "/favicon.ico" {
				assert.Empty(t, body)
			}
		})
	}
	t.Run("headers", func(t *testing.T) {
		res, _ := s.send("GET", "/3/Cloud", "", "")
		for name, want := range map[string]string{
			"X-h2o-build-project-version": Version, "X-h2o-rest-api-version-max": "3", "X-h2o-cluster-good": "true",
			"X-Frame-Options": "deny", "X-Content-Type-Options": "nosniff",
		} {
			assert.Equal(t, want, res.Header.Get(name), name)
		}
	})
}

// TestComing checks that what is not there yet says so, whatever it is given.
func TestComing(t *testing.T) {
	s := start(t)
	for _, c := range coming {
		for _, path := range c.paths {
			t.Run(c.method+" "+path, func(t *testing.T) {
				status, got := s.ask(c.method, path, "anything", "1")
				assert.Equal(t, 412, status)
				assert.Contains(t, got["msg"], c.what+": not available in this release")
			})
		}
	}
}
