package tree

import (
	"github.com/geyser-ml/geyser/engine/frame"
	"github.com/geyser-ml/geyser/kernels"
)

// Histograms returns the rules for bins that trees of a histogram type use.
func (s *Shape) Histograms(kind string) []kernels.BinOptions {
	quantile := kernels.BinOptions{Histogram: kernels.Quantile, Bins: s.NBins, CatBins: s.NBinsCats}
	uniform := kernels.BinOptions{Histogram: kernels.Uniform, Bins: s.NBinsTopLevel, CatBins: s.NBinsCats}
	switch kind {
	case "QuantilesGlobal":
		return []kernels.BinOptions{quantile}
	case "UniformAdaptive", "UniformRobust":
		return []kernels.BinOptions{uniform}
	case "Random", "RoundRobin":
		return []kernels.BinOptions{quantile, uniform}
	}
	quantile.Bins = max(s.NBins, 254)
	return []kernels.BinOptions{quantile}
}

// BinSizes returns what these rules make of columns, at most.
func BinSizes(cols []*frame.Column, rules []kernels.BinOptions) []kernels.BinSize {
	out := make([]kernels.BinSize, len(rules))
	for i, rule := range rules {
		s := &out[i]
		for _, c := range cols {
			bins := rule.Bins
			if levels := len(c.Domain()); levels > 0 {
				bins = min(levels, rule.CatBins)
				s.Levels = max(s.Levels, bins)
			}
			bins++ // of missing values
			s.Bins += bins
			if bins > 256 {
				s.Wide++
			}
		}
	}
	return out
}

// Histogram returns which of these rules the trees of a step use.
func Histogram(kind string, seed uint64, step int) int {
	switch kind {
	case "RoundRobin":
		return step % 2
	case "Random":
		return int(kernels.Draw(seed, uint64(step), drawHistogram, 0) & 1)
	}
	return 0
}
