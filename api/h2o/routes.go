package h2o

import (
	"net/http"
	"slices"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/engine/param"
)

// Short names for the methods of the table below.
const (
	get    = http.MethodGet
	post   = http.MethodPost
	del    = http.MethodDelete
	header = http.MethodHead
)

// table is the list of all routes, and the only one: the router, the metadata
// and the page read it. The names are those of H2O.
func (f *facade) table() []api.Route {
	return slices.Concat(f.builderRoutes(), []api.Route{
		api.Handle(get, "/3/Cloud", "cloudStatus", "Tells how the server is.", f.cloud),
		api.Handle(header, "/3/Cloud", "cloudStatusMinimal", "Tells that the server is there.", empty[cloudIn](jsonType)),
		api.Handle(get, "/99/Sample", "_sample_status", "Tells how the server is.", f.cloud),
		api.Handle(get, "/3/Ping", "ping", "Tells that the server is there.", f.ping),
		api.Handle(get, "/3/About", "about", "Tells what the server is.", f.about),
		api.Handle(get, "/3/Capabilities", "list_all_capabilities", "Lists all extensions.", f.capabilities(true, true)),
		api.Handle(get, "/3/Capabilities/Core", "list_core_capabilities", "Lists the extensions of the core.", f.capabilities(true, false)),
		api.Handle(get, "/3/Capabilities/API", "list_rest_capabilities", "Lists the extensions of the API.", f.capabilities(false, true)),

		api.Handle(post, "/4/sessions", "newSession4", "Opens a session.", f.newSession),
		api.Handle(del, "/4/sessions/{session_key}", "endSession4", "Ends a session and drops its temporary frames.", f.endSession),
		api.Handle(get, "/3/InitID", "newSession", "Opens a session.", f.initID),
		api.Handle(del, "/3/InitID", "endSession", "Ends a session and drops its temporary frames.", f.endSession),
		api.Handle(post, "/3/SessionProperties", "setSessionProperty", "Sets a property of a session.", f.setProperty),
		api.Handle(get, "/3/SessionProperties", "getSessionProperty", "Reads a property of a session.", f.property),

		api.Handle(get, "/3/Metadata/endpoints", "endpoints", "Lists all routes.", f.endpoints),
		api.Handle(get, "/3/Metadata/endpoints/{path}", "endpoint", "Describes a route.", f.endpoint),
		api.Handle(get, "/3/Metadata/schemas", "schemas", "Describes all schemas.", f.schemas),
		api.Handle(get, "/3/Metadata/schemas/{schemaname}", "schema", "Describes a schema.", f.schema),
		api.Handle(get, "/4/endpoints", "endpoints4", "Lists the routes of version 4.", f.endpoints4),
		api.Handle(get, "/4/modelsinfo", "modelsInfo", "Lists the algorithms.", f.modelsInfo),

		api.Handle(get, "/3/ImportFiles", "importFiles_deprecated", "Finds files of the server.", f.importFiles),
		api.Handle(post, "/3/ImportFiles", "importFiles", "Finds files of the server.", f.importFiles),
		api.Handle(post, "/3/ImportFilesMulti", "importFilesMulti", "Finds files of the server by several paths.", f.importMulti),
		api.Handle(post, "/3/PostFile", "postFile", "Takes a file.", f.postFile).Uploading(),
		api.Handle(post, "/3/PostFile.bin", "postFileBin", "Takes a file.", f.postFile).Uploading(),
		api.Handle(post, "/3/ParseSetup", "guessParseSetup", "Guesses how to read files.", f.parseSetup),
		api.Handle(post, "/3/Parse", "parse", "Reads files into a frame.", f.parse),
		api.Handle(get, "/3/Typeahead/files", "typeaheadFileSuggestions", "Completes the name of a file.", f.typeahead),

		api.Handle(get, "/3/Frames", "frames", "Lists all frames.", f.listFrames),
		api.Handle(del, "/3/Frames", "deleteAllFrames", "Removes all frames.", f.deleteFrames),
		api.Handle(get, "/3/Frames/{frame_id}", "frame", "Shows a frame.", f.show(false, false)),
		api.Handle(del, "/3/Frames/{frame_id}", "deleteFrame", "Removes a frame.", f.deleteFrame),
		api.Handle(get, "/3/Frames/{frame_id}/light", "lightFrame", "Shows a frame without what takes long.", f.show(true, false)),
		api.Handle(get, "/3/Frames/{frame_id}/summary", "frameSummary", "Shows a frame with histograms and percentiles.", f.show(false, true)),
		api.Handle(get, "/3/Frames/{frame_id}/columns", "frameColumns", "Shows a frame.", f.show(false, false)),
		api.Handle(get, "/3/Frames/{frame_id}/columns/{column}", "frameColumn", "Shows a column of a frame.", f.showColumn(false)),
		api.Handle(get, "/3/Frames/{frame_id}/columns/{column}/domain", "frameColumnDomain", "Lists the levels of a column.", f.domain),
		api.Handle(get, "/3/Frames/{frame_id}/columns/{column}/summary", "frameColumnSummary", "Shows a column with histogram and percentiles.", f.showColumn(true)),
		api.Handle(post, "/3/Frames/{frame_id}/export", "exportFrame", "Writes a frame to a file of the server.", f.exportFrame),
		api.Handle(get, "/3/Frames/{frame_id}/export/{path}/overwrite/{force}", "exportFrame_deprecated", "Writes a frame to a file of the server.", f.exportFrame),
		api.Handle(post, "/3/Frames/{frame_id}/save", "saveFrame", "Stores a frame in a folder of the server.", f.saveFrame),
		api.Handle(post, "/3/Frames/load", "loadFrame", "Reads a stored frame back.", f.loadFrame),
		api.Handle(get, "/3/FrameChunks/{frame_id}", "frameChunks", "Tells how the rows of a frame are split.", f.chunks),
		api.Handle(get, "/3/Find", "findInFrame", "Finds a value in a column.", f.find),
		api.Handle(get, "/3/DownloadDataset", "_downloadDataset_fetch", "Sends a frame as CSV.", f.download),
		api.Handle(get, "/3/DownloadDataset.bin", "_downloadDataset_fetchStreaming", "Sends a frame as CSV.", f.download),
		api.Handle(del, "/3/DKV", "deleteAllKeys", "Removes all objects.", f.removeAll),
		api.Handle(del, "/3/DKV/{key}", "deleteKey", "Removes an object.", f.remove),

		api.Handle(post, "/99/Rapids", "rapidsExec", "Evaluates an expression.", f.rapids),

		api.Handle(get, "/3/Jobs", "jobs", "Lists all jobs.", f.jobs),
		api.Handle(get, "/3/Jobs/{job_id}", "job", "Shows a job.", f.job),
		api.Handle(post, "/3/Jobs/{job_id}/cancel", "cancelJob", "Stops a job.", f.cancelJob),
		api.Handle(get, "/4/jobs/{job_id}", "getJob4", "Shows a job.", f.job4),

		api.Handle(get, "/3/ModelBuilders", "modelBuilders", "Describes all algorithms.", f.builders),
		api.Handle(get, "/3/ModelBuilders/{algo}", "modelBuilder", "Describes an algorithm.", f.builderOf),
		api.Handle(post, "/3/ModelBuilders/{algo}", "train", "Refuses an algorithm that is not there.", f.noBuilder),
		api.Handle(post, "/3/ModelBuilders/{algo}/parameters", "validate_parameters", "Refuses an algorithm that is not there.", f.noBuilder),
		api.Handle(post, "/3/ModelBuilders/{algo}/model_id", "newModelId", "Makes a key for a model.", f.newModelID),

		api.Handle(get, "/3/Models", "models", "Lists all models.", f.listModels),
		api.Handle(del, "/3/Models", "deleteAllModels", "Removes all models.", f.deleteModels),
		api.Handle(get, "/3/Models/{model_id}", "model", "Shows a model.", f.showModel),
		api.Handle(del, "/3/Models/{model_id}", "deleteModel", "Removes a model.", f.deleteModel),
		api.Handle(get, "/3/Models.fetch.bin/{model_id}", "modelBinary", "Sends a model in its own format.", f.fetchModel),
		api.Handle(get, "/99/Models.bin/{model_id}", "exportModel", "Stores a model in a file of the server.", f.saveModel),
		api.Handle(post, "/99/Models.bin/{model_id?}", "importModel", "Reads a stored model.", f.loadModel),
		api.Handle(get, "/99/Models/{model_id}/json", "exportModelDetails", "Stores what there is to see of a model in a file of the server.", f.saveModelJSON),
		api.Handle(get, "/3/Models.java/{model_id}", "modelJavaCode", "Refuses to write a model as Java source.", f.noJava),
		api.Handle(get, "/3/Models.java/{model_id}/preview", "modelPreview", "Refuses to write a model as Java source.", f.noJava),
		api.Handle(get, "/3/Models/{model_id}/mojo", "modelMojo", "Refuses to write a model as a MOJO file.", f.noMojo),
		api.Handle(get, "/99/Models.mojo/{model_id}", "exportMojo", "Refuses to write a model as a MOJO file.", f.noMojo),
		api.Handle(post, "/99/Models.upload.bin/{model_id?}", "uploadModel", "Takes an uploaded model.", f.uploadModel),

		api.Handle(post, "/3/Predictions/models/{model}/frames/{frame}", "predict", "Scores a frame.", f.predict),
		api.Handle(post, "/4/Predictions/models/{model}/frames/{frame}", "predict_async", "Starts to score a frame.", f.predictLater),
		api.Handle(post, "/3/ModelMetrics/models/{model}/frames/{frame}", "score", "Measures a model on a frame.", f.measure),
		api.Handle(get, "/3/ModelMetrics", "_mmFetch5", "Lists all measurements.", f.measurements),
		api.Handle(get, "/3/ModelMetrics/models/{model}", "_mmFetch2", "Lists the measurements of a model.", f.measurements),
		api.Handle(get, "/3/ModelMetrics/frames/{frame}", "_mmFetch4", "Lists the measurements on a frame.", f.measurements),
		api.Handle(get, "/3/ModelMetrics/models/{model}/frames/{frame}", "_mmFetch1", "Shows how a model did on a frame.", f.measurements),
		api.Handle(get, "/3/ModelMetrics/frames/{frame}/models/{model}", "_mmFetch3", "Shows how a model did on a frame.", f.measurements),
		api.Handle(del, "/3/ModelMetrics/models/{model}/frames/{frame}", "_mmDelete1", "Drops measurements.", f.deleteMeasurements),
		api.Handle(del, "/3/ModelMetrics/frames/{frame}/models/{model}", "_mmDelete2", "Drops measurements.", f.deleteMeasurements),
		api.Handle(post, "/3/ModelMetrics/predictions_frame/{predictions_frame}/actuals_frame/{actuals_frame}", "makeMetrics", "Compares predictions with actual values.", f.makeMetrics),

		api.Handle(post, "/3/PartialDependence/", "makePDP", "Starts to find how predictions depend on a column.", f.partialDependence),
		api.Handle(get, "/3/PartialDependence/{name}", "fetchPDP", "Shows how predictions depend on a column.", f.showPartial),
		api.Handle(post, "/3/FeatureInteraction", "makeFeatureInteraction", "Lists the predictors that meet in the trees of a model.", f.interactions),
		api.Handle(post, "/3/FriedmansPopescusH", "makeFriedmansPopescusH", "Measures how much some predictors interact.", f.hStatistic),
		api.Handle(get, "/3/Tree", "tree", "Shows a tree of a model.", f.tree),

		api.Handle(get, "/99/Grids", "grids", "Lists all grids.", f.grids),
		api.Handle(get, "/99/Grids/{grid_id}", "grid", "Shows a grid.", f.grid),
		api.Handle(get, "/99/Leaderboards", "leaderboards", "Lists all leaderboards.", f.leaderboards),

		api.Handle(post, "/3/LogAndEcho", "logAndEcho", "Writes to the log.", f.logAndEcho),
		api.Handle(get, "/3/Logs/nodes/{nodeidx}/files/{name}", "logs", "Shows the log.", f.logs),
		api.Handle(get, "/3/Logs/download", "downloadLogs", "Sends the log as an archive.", f.downloadLogs),
		api.Handle(get, "/3/Logs/download/{container}", "downloadLogsAs", "Sends the log as an archive or as text.", f.downloadLogs),
		api.Handle(get, "/3/JStack", "stackTrace", "Tells what the server is doing.", f.jstack),
		api.Handle(get, "/3/KillMinus3", "logThreadDump", "Logs what the server is doing.", f.killMinus3),
		api.Handle(get, "/3/NetworkTest", "networkTest", "Measures the network.", f.networkTest),
		api.Handle(get, "/3/SteamMetrics", "steamMetrics", "Tells for how long nothing was asked.", f.steamMetrics),
		api.Handle(post, "/3/GarbageCollect", "garbageCollect", "Collects garbage.", f.garbageCollect),
		api.Handle(post, "/3/UnlockKeys", "unlockAllKeys", "Lets go of locks that were left over.", f.unlockKeys),
		api.Handle(post, "/3/CloudLock", "lockCloud", "Lets no node in any more.", f.cloudLock),
		api.Handle(post, "/3/Shutdown", "shutdownCluster", "Ends the server.", f.stop),

		api.Handle(get, "/", "root", "Leads to the page.", f.redirect),
		api.Handle(get, "/3/", "root3", "Leads to the page.", f.redirect),
		api.Handle(header, "/", "alive", "Tells that the server is there.", empty[struct{}]("text/plain")),
		api.Handle(get, "/flow/index.html", "page", "Tells what runs here.", f.page),
		api.Handle(get, "/favicon.ico", "favicon", "Sends the picture of the page.", f.favicon),
	}, f.comingRoutes())
}

// comingRoutes are H2O's routes that this release answers only by saying so.
func (f *facade) comingRoutes() []api.Route {
	var out []api.Route
	for _, c := range coming {
		for _, path := range c.paths {
			out = append(out, api.Handle(c.method, path, c.name, c.what+": not available in this release.",
				func(*api.Request, param.Raw) (api.Reply, error) { return api.Reply{}, later(c.what) }))
		}
	}
	return out
}

// coming lists them by what they do.
var coming = []struct {
	method, name, what string
	paths              []string
}{
	{post, "createFrame", "frames of random data", []string{"/3/CreateFrame"}},
	{post, "createSimpleFrame", "frames of random data", []string{"/4/Frames/$simple"}},
	{post, "parseSVMLight", "SVMLight files", []string{"/3/ParseSVMLight"}},
	{post, "splitFrame", "SplitFrame", []string{"/3/SplitFrame"}},
	{post, "interaction", "Interaction", []string{"/3/Interaction"}},
	{post, "missingInserter", "MissingInserter", []string{"/3/MissingInserter"}},
	{post, "dct", "the discrete cosine transform", []string{"/99/DCTTransformer"}},
	{post, "tabulate", "Tabulate", []string{"/99/Tabulate"}},
	{post, "importTable", "import from databases", []string{"/99/ImportSQLTable", "/3/ImportHiveTable", "/3/SaveToHiveTable"}},
	{post, "decryptionSetup", "reading encrypted files", []string{"/3/DecryptionSetup"}},
	{post, "putKey", "raw values", []string{"/3/PutKey", "/3/PutKey.bin"}},
	{post, "persistS3", "S3", []string{"/3/PersistS3"}},
	{del, "removeS3", "S3", []string{"/3/PersistS3"}},
	{get, "timeline", "the timeline", []string{"/3/Timeline"}},
	{get, "profiler", "the sampling profiler", []string{"/3/Profiler"}},
	{get, "waterMeter", "processor and disk counters", []string{"/3/WaterMeterIo", "/3/WaterMeterIo/{nodeidx}", "/3/WaterMeterCpuTicks/{nodeidx}"}},
	{get, "rapidsHelp", "help about expressions", []string{"/99/Rapids/help"}},
	{get, "nps", "NodePersistentStorage", []string{
		"/3/NodePersistentStorage/configured", "/3/NodePersistentStorage/{category}", "/3/NodePersistentStorage/{category}/{name}",
		"/3/NodePersistentStorage/categories/{category}/exists", "/3/NodePersistentStorage/categories/{category}/names/{name}/exists",
	}},
	{post, "npsPut", "NodePersistentStorage", []string{"/3/NodePersistentStorage/{category}", "/3/NodePersistentStorage/{category}/{name}"}},
	{del, "npsRemove", "NodePersistentStorage", []string{"/3/NodePersistentStorage/{category}/{name}"}},
	{post, "significantRules", "rules", []string{"/3/SignificantRules"}},
	{get, "glmRegPath", "the regularization path", []string{"/3/GetGLMRegPath"}},
	{post, "makeGLMModel", "models of given coefficients", []string{"/3/MakeGLMModel", "/3/MakeUnrestrictedGLMModel", "/3/MakeDerivedGLMModel"}},
	{get, "computeGram", "the Gram matrix", []string{"/3/ComputeGram"}},
	{post, "dataInfoFrame", "expanded frames", []string{"/3/DataInfoFrame"}},
	{get, "word2vec", "Word2Vec", []string{"/3/Word2VecSynonyms", "/3/Word2VecTransform"}},
	{get, "targetEncoderTransform", "target encoding", []string{"/3/TargetEncoderTransform"}},
	{post, "assembly", "assemblies", []string{"/99/Assembly"}},
	{post, "trainSegments", "models by segment", []string{"/3/SegmentModelsBuilders/{algo}"}},
	{post, "gridSearch", "grid search", []string{"/99/Grid/{algo}", "/99/Grid/{algo}/resume", "/3/Grid.bin/import", "/3/Grid.bin/{grid_id}/export"}},
	{post, "autoML", "AutoML", []string{"/99/AutoMLBuilder"}},
	{get, "autoMLState", "AutoML", []string{"/99/AutoML/{automl_id}", "/99/Leaderboards/{project_name}"}},
	{post, "recovery", "recovery", []string{"/3/Recovery/resume"}},
}
