package main

import "maps"

// edit is a mutation whose old text stands once in its file.
type edit struct {
	kind           kind
	name, old, new string
}

// table has the mutations of each file but barriers and atomics.
var table = merge(rowTable, treeTable, scoreTable)

func merge(parts ...map[string][]edit) map[string][]edit {
	out := map[string][]edit{}
	for _, p := range parts {
		maps.Copy(out, p)
	}
	return out
}

// tests are those that find what is wrong with a file, as go test -run takes them.
var tests = map[string]string{
	"quantize.cu":  "TestQuantizeDevice|TestBackend/cuda/threads/Quantize",
	"column.h":     "TestQuantizeDevice|TestPredict_Device$|TestPredict_DeviceColumns",
	"gradient.cu":  "TestBackend/cuda/threads/Gradients|TestGradients_(Extremes|LastBits)",
	"exact.h":      "TestBackend/cuda/threads/(Gradients|Dense)|TestGradients_(Extremes|LastBits)|TestDense_Device",
	"fixed.cu":     "TestBeginDevice",
	"histogram.cu": "TestDeviceHistogram|TestDeviceSquares",
	"partition.cu": "TestDevicePartition",
	"route.h":      "TestDevicePartition|TestDeviceLeaves",
	"leaves.cu":    "TestDeviceLeaves",
	"search.cu":    "TestDeviceStage_Search",
	"search.h":     "TestDeviceStage_(Search|Isolate)",
	"random.cu":    "TestDeviceStage_Isolate",
	"predict.cu":   "TestPredict_Device",
	"ranked.h":     "TestPredict_Device|TestContributions_Device",
	"shap.cu":      "TestContributions_Device",
	"dense.cu":     "TestBackend/cuda/threads/Dense|TestDense",
}

// survivors are mutations that no test can find, and why.
var survivors = map[string]string{
	"column.h: two zeros":                              "a value asks which cuts lie below it, and none lies between the two zeros",
	"dense.cu: fused polynomial":                       "gives the same float32 for each of them, all were tried",
	"exact.h: fused reduction":                         "differs in the last bit of a double, about once in a thousand million values",
	"fixed.cu: atomicMax of fixed_measure, no. 4":      "all write 1",
	"fixed.cu: atomicOr of fixed_fill":                 "all write 1",
	"fixed.cu: atomicMax of fixed_fill":                "all write 1",
	"fixed.cu: empty chunks":                           "saves work: they have nothing that counts",
	"fixed.cu: end of derivatives that are not finite": "saves work: the tree ends in an error",
	"histogram.cu: groups of a pack":                   "fetches a word that nobody looks at: numbers that are not used are 0",
	"partition.cu: atomicOr of partition_move":         "all write 1",
	"partition.cu: rows that are counted":              "bits behind the last row of a node belong to no row, and the count of its last tile to no tile behind it",
	"predict.cu: category of the number of all":        "its rank is that of a missing one either way",
	"fixed.cu: order of negative numbers":              "the least h counts where all are one and the same, and then none is below 0",
	"fixed.cu: nothing but zeros":                      "a zero is 0 in any unit",
	"gradient.cu: rows behind the first of a thread":   "grids have a thread a row",
	"dense.cu: values behind the first of a thread":    "grids have a thread a value",
	"search.cu: score to beat of a column":             "search_nodes compares with it again",
	"search.cu: no excess":                             "the division by 0 behind it gives the same infinity",
	"search.cu: monotone, exactly even":                "sides of one value gain nothing",
	"search.cu: right without missing":                 "has the same rows on either side as left, and is tried later",
	"search.cu: order of the excess":                   "where it is above 0 each of these differences is exact",
	"search.cu: curvature of a value":                  "without curvature a split gains only where the signs of both sides differ, and then 0 stands to the other value as infinity does",
	"random.cu: exactly the least weight of values":    "such a column has no place: its first bin is not below its last",
}
