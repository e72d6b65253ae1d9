package tree

// The scores of a growing model are measured about so often: until measuredRows
// rows have been looked at, but often enough to see where training leads.
const (
	measuredRows = 1_000_000
	fewest       = 2  // measurements
	perRound     = 10 // measurements for each stopping round
)

// Every returns the number of steps between two measurements, of a training of so
// many steps that measures so many rows and stops early after rounds without a gain
// (0 for never).
// Why: H2O measures by the clock, which no two runs share.
func (s *Scoring) Every(steps, rows, rounds int) int {
	switch {
	case s.EachIteration:
		return 1
	case s.TreeInterval > 0:
		return s.TreeInterval
	}
	times := max(fewest, perRound*rounds, measuredRows/max(rows, 1))
	return (steps + times - 1) / times
}
