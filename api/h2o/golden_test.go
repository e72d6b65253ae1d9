package h2o

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestAnswers drives a server as the Python client does and holds each answer
// against the shape that H2O's has.
func TestAnswers(t *testing.T) {
	s, golden := start(t), goldens(t)
	seen := map[string]bool{}
	check := func(name string, got map[string]any) map[string]any {
		t.Helper()
		want, ok := golden[name]
		require.True(t, ok, "testdata has no answer %s", name)
		seen[name] = true
		for _, d := range differences(want, got, name) {
			t.Error(d)
		}
		return got
	}

	check("cloud", s.ok("GET", "/3/Cloud", "skip_ticks", "true"))
	check("about", s.ok("GET", "/3/About"))
	check("ping", s.ok("GET", "/3/Ping"))
	check("capabilities", s.ok("GET", "/3/Capabilities/Core"))
	check("init_id", s.ok("GET", "/3/InitID"))
	check("property", s.ok("POST", "/3/SessionProperties", "session_key", "s", "key", "a", "value", "1"))
	session := check("session", s.ok("POST", "/4/sessions"))["session_key"].(string)
	check("rapids_string", s.ok("POST", "/99/Rapids", "ast", `(setTimeZone "UTC")`, "session_id", session))

	_, body := s.send("POST", "/3/PostFile?destination_frame=up.csv", "", "a\n1\n2\n")
	check("post_file", s.object(body))
	check("parse_setup", s.ok("POST", "/3/ParseSetup", "source_frames", `["up.csv"]`, "check_header", "1"))
	parsed := check("parse", s.ok("POST", "/3/Parse", "source_frames", `["up.csv"]`, "destination_frame", "up.hex", "parse_type", "CSV",
		"separator", "44", "check_header", "1", "number_columns", "1", "column_names", `["a"]`, "column_types", `["Numeric"]`,
		"chunk_size", "4194304", "delete_on_done", "True", "blocking", "False"))
	assert.Equal(t, "DONE", s.end(parsed, "job")["status"])
	check("job", s.ok("GET", "/3/Jobs/"+at(parsed, "job", "key", "name").(string)))
	check("job4", s.ok("GET", "/4/jobs/"+at(parsed, "job", "key", "name").(string)))
	check("cancel", s.ok("POST", "/3/Jobs/"+at(parsed, "job", "key", "name").(string)+"/cancel"))
	check("jobs", s.ok("GET", "/3/Jobs"))
	check("import_multi", s.ok("POST", "/3/ImportFilesMulti", "paths", "["+s.work+"]"))

	s.load("train.hex", 300)
	s.load("test.hex", 120)
	check("frame", s.ok("GET", "/3/Frames/train.hex", "row_count", "10"))
	check("light", s.ok("GET", "/3/Frames/train.hex/light"))
	check("summary", s.ok("GET", "/3/Frames/train.hex/summary", "_exclude_fields", "frames/chunk_summary"))
	check("column", s.ok("GET", "/3/Frames/train.hex/columns/x"))
	check("domain", s.ok("GET", "/3/Frames/train.hex/columns/c/domain"))
	check("frames", s.ok("GET", "/3/Frames"))
	check("chunks", s.ok("GET", "/3/FrameChunks/train.hex"))
	check("find", s.ok("GET", "/3/Find", "key", "train.hex", "column", "c", "row", "0", "match", "v"))
	exported := check("export", s.ok("POST", "/3/Frames/train.hex/export", "path", filepath.Join(s.work, "out.csv"), "force", "true"))
	assert.Equal(t, "DONE", s.end(exported, "job")["status"])
	check("typeahead", s.ok("GET", "/3/Typeahead/files", "src", s.work, "limit", "3"))
	check("rapids_number", s.ok("POST", "/99/Rapids", "ast", "(sum (cols_py train.hex 'x'))", "session_id", session))
	check("rapids_frame", s.ok("POST", "/99/Rapids", "ast", "(tmp= py_1 (rows train.hex [0:5]))", "session_id", session))

	for kind, response := range map[string]string{"regression": "y", "binomial": "b", "multinomial": "m"} {
		trained := check("train", s.ok("POST", "/3/ModelBuilders/gbm", "training_frame", "train.hex", "validation_frame", "test.hex",
			"response_column", response, "ntrees", "5", "max_depth", "3", "seed", "1", "model_id", kind))
		require.Equal(t, "DONE", s.end(trained, "job")["status"])
		check("model_"+kind, s.ok("GET", "/3/Models/"+kind, "find_compatible_frames", "true"))
	}
	check("model_id", s.ok("POST", "/3/ModelBuilders/gbm/model_id"))
	check("measure", s.ok("POST", "/3/ModelMetrics/models/regression/frames/test.hex"))
	check("predict", s.ok("POST", "/3/Predictions/models/regression/frames/test.hex"))
	later := check("predict_later", s.ok("POST", "/4/Predictions/models/binomial/frames/test.hex"))
	assert.Equal(t, "DONE", s.end(later)["status"])
	check("metrics", s.ok("GET", "/3/ModelMetrics"))

	check("leaves", s.ok("POST", "/3/Predictions/models/regression/frames/test.hex", "leaf_node_assignment", "true", "leaf_node_assignment_type", "Path"))
	shares := check("contributions", s.ok("POST", "/4/Predictions/models/binomial/frames/test.hex", "predict_contributions", "True",
		"predict_contributions_output_format", "compact", "compare_abs", "False", "output_space", "False", "output_per_reference", "False"))
	assert.Equal(t, "DONE", s.end(shares)["status"])
	for name, columns := range map[string][]string{
		"partial": {"cols", "[x,c]", "destination_key", "partial"}, "partial_pairs": {"col_pairs_2dpdp", "[[x,c]]", "destination_key", "partial_pairs"},
	} {
		job := check("partial_job", s.ok("POST", "/3/PartialDependence/", append(columns, "model_id", "binomial", "frame_id", "test.hex", "nbins", "5")...))
		assert.Equal(t, "DONE", s.end(job)["status"])
		check(name, s.ok("GET", "/3/PartialDependence/"+name))
	}
	check("no_partial", s.ok("GET", "/3/PartialDependence/nosuch"))
	check("interactions", s.ok("POST", "/3/FeatureInteraction", "model_id", "binomial", "max_interaction_depth", "2", "max_tree_depth", "100", "max_deepening", "-1"))
	check("h", s.ok("POST", "/3/FriedmansPopescusH", "model_id", "regression", "frame", "test.hex", "variables", "[x,z]"))
	check("tree", s.ok("GET", "/3/Tree", "model", "binomial", "tree_number", "0", "plain_language_rules", "AUTO"))
	check("tree_regression", s.ok("GET", "/3/Tree", "model", "regression", "tree_number", "4", "plain_language_rules", "TRUE"))
	check("details", s.ok("GET", "/99/Models/regression/json", "dir", filepath.Join(s.work, "regression.json"), "force", "true"))
	check("importance", s.ok("POST", "/99/Rapids", "ast", "(tmp= py_2 (PermutationVarImp regression test.hex 'AUTO' -1 1 [] 1))", "session_id", session))
	check("threshold", s.ok("POST", "/99/Rapids", "ast", "(model.reset.threshold binomial 0.4)", "session_id", session))
	for _, algo := range []string{"drf", "isolationforest", "extendedisolationforest"} {
		params := []string{"training_frame", "train.hex", "ntrees", "5", "model_id", algo}
		if algo == "drf" {
			params = append(params, "response_column", "y", "validation_frame", "test.hex")
		}
		require.Equal(t, "DONE", s.end(s.ok("POST", "/3/ModelBuilders/"+algo, params...), "job")["status"])
		check("model_"+algo, s.ok("GET", "/3/Models/"+algo))
	}
	check("measure_anomaly", s.ok("POST", "/3/ModelMetrics/models/isolationforest/frames/test.hex", "auc_type", "none"))
	check("models", s.ok("GET", "/3/Models"))

	_, got := s.ask("GET", "/3/Models/nosuch")
	check("error", got)
	_, got = s.ask("GET", "/3/Models/nosuch/mojo")
	check("mojo", got)
	_, got = s.ask("POST", "/3/ModelBuilders/gbm", "training_frame", "train.hex", "response_column", "y", "ntrees", "-5")
	delete(golden["builder_error"].(map[string]any), "values") // COMPAT: H2O's private fields
	for _, hidden := range []string{"parallelize_cross_validation", "max_categorical_levels"} {
		delete(at(golden, "builder_error", "parameters").(map[string]any), hidden) // COMPAT: cannot be given
	}
	check("builder_error", got)
	_, got = s.ask("POST", "/3/ParseSetup")
	check("missing_field", got)

	check("endpoint", s.ok("GET", "/3/Metadata/endpoints/12"))
	check("endpoints4", s.ok("GET", "/4/endpoints"))
	check("log", s.ok("GET", "/3/Logs/nodes/0/files/info"))
	check("echo", s.ok("POST", "/3/LogAndEcho", "message", "hello"))
	check("jstack", s.ok("GET", "/3/JStack"))
	check("network", s.ok("GET", "/3/NetworkTest"))
	check("steam", s.ok("GET", "/3/SteamMetrics"))
	check("collect", s.ok("POST", "/3/GarbageCollect"))
	check("lock", s.ok("POST", "/3/CloudLock", "reason", "test"))
	check("grids", s.ok("GET", "/99/Grids"))
	check("leaderboards", s.ok("GET", "/99/Leaderboards"))

	check("delete_frame", s.ok("DELETE", "/3/Frames/up.hex"))
	check("delete_models", s.ok("DELETE", "/3/Models"))
	check("remove", s.ok("DELETE", "/3/DKV/nosuch"))
	check("remove_all", s.ok("DELETE", "/3/DKV", "retained_keys", `["train.hex"]`))
	left := s.ok("GET", "/3/Frames")["frames"].([]any)
	require.Len(t, left, 1)
	assert.Equal(t, "train.hex", at(left[0], "frame_id", "name"))
	check("end_session", s.ok("DELETE", "/4/sessions/"+session))

	for name := range golden {
		assert.True(t, seen[name], "nothing is compared with %s", name)
	}
}

// TestSchemas compares the metadata that clients need to connect.
func TestSchemas(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "schemas.json"))
	require.NoError(t, err)
	var golden map[string][][]any
	require.NoError(t, json.Unmarshal(b, &golden))
	s := start(t)
	for name, fields := range golden {
		t.Run(name, func(t *testing.T) {
			have := map[string]map[string]any{}
			for _, f := range at(s.ok("GET", "/3/Metadata/schemas/"+name), "schemas", 0, "fields").([]any) {
				have[at(f, "name").(string)] = f.(map[string]any)
			}
			for _, want := range fields {
				f := have[want[0].(string)]
				require.NotNil(t, f, "no field %s", want[0])
				got := []any{f["name"], f["type"], f["level"], f["direction"], f["is_inherited"]}
				assert.Equal(t, want, got)
			}
			assert.Len(t, have, len(fields))
		})
	}
}

// TestSchemas_All checks that everything a person may look up is explained.
func TestSchemas_All(t *testing.T) {
	s := start(t)
	all := s.ok("GET", "/3/Metadata/schemas")["schemas"].([]any)
	assert.Greater(t, len(all), 50)
	for _, schema := range all {
		for _, f := range at(schema, "fields").([]any) {
			assert.NotEmpty(t, at(f, "help"), "%v.%v has no help", at(schema, "name"), at(f, "name"))
			assert.NotEmpty(t, at(f, "type"), "%v.%v has no type", at(schema, "name"), at(f, "name"))
		}
	}
}

// never are H2O's routes that are not to be served at all.
var never = map[string]bool{
	"GET /3/Metadata/schemaclasses/{classname}":                      true, // it loads Java classes
	"GET /99/Assembly.java/{assembly_id}/{file_name}":                true, // Java source
	"GET /99/Assembly.fetch_mojo_pipeline/{assembly_id}/{file_name}": true, // MOJO pipelines
	"POST /3/XGBoostExecutor.init":                                   true, // protocol between H2O's own processes
	"POST /3/XGBoostExecutor.setup":                                  true,
	"POST /3/XGBoostExecutor.update":                                 true,
	"POST /3/XGBoostExecutor.getEvalMetric":                          true,
	"POST /3/XGBoostExecutor.getBooster":                             true,
	"POST /3/XGBoostExecutor.cleanup":                                true,
}

// h2oRoutes are H2O's routes and their parameters.
func h2oRoutes(t *testing.T) map[string][]string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join("testdata", "routes.json"))
	require.NoError(t, err)
	var out map[string][]string
	require.NoError(t, json.Unmarshal(b, &out))
	return out
}

// TestRoutes checks that each route of H2O is answered, if only by saying that
// it is not there yet.
func TestRoutes(t *testing.T) {
	s := start(t)
	for r := range h2oRoutes(t) {
		if never[r] {
			continue
		}
		t.Run(r, func(t *testing.T) {
			assert.True(t, s.routed(r), "no route takes it")
		})
	}
}

// TestRoutes_Parameters checks that each route takes the parameters that H2O's
// takes: a client may send any of them.
func TestRoutes_Parameters(t *testing.T) {
	recorded := h2oRoutes(t)
	for _, r := range start(t).face.Routes {
		if r.Params == nil {
			continue // takes anything, or nothing
		}
		have := map[string]bool{}
		for _, p := range r.Params {
			have[p.Name] = p.Direction != "out"
		}
		for _, name := range recorded[r.Method+" "+r.Pattern()] {
			assert.True(t, have[name], "%s %s does not take %s", r.Method, r.Pattern(), name)
		}
	}
}
