package kernels

import "unsafe"

// stage is where the rows and the sums of one grower live: the memory of the host or
// that of a device. The grower decides what is done, and knows the nodes, their draws
// and constraints; its stage does it. Every stage gives the same integers and scores.
type stage interface {
	// begin makes the derivatives of the sample into integers, in a format that it
	// leaves in goGrower.quant, and lists the rows of the root on side 0. It returns
	// their number and sum.
	begin(in TreeInput) (rows int, sum tally, err error)
	// squares returns Σ g²/w of each node's rows, in units of the format.
	squares(ids []int32) ([]square, error)
	// sum makes the histograms of jobs: of the node from its rows, then of its sibling,
	// if it has one, by taking that from what lies in the sibling's slot.
	sum(jobs []histJob) error
	// search returns for each node the best split among the features picked for it, by
	// the node's histogram.
	search(ids []int32, picked [][]int32) ([]candidate, error)
	// isolate makes the random splits of nodes by their histograms.
	isolate(ids []int32) error
	// part moves the rows of nodes to the places of their children on the other side.
	part(ids []int32) error
	// leaves adds values of leaves to scores.
	leaves(values []LeafValue, scores *Buffer[float64], which Which) error
	// list returns the rows of a node that has no children.
	list(n *growNode) ([]uint32, error)
	// derivatives returns buffers of one value a row that begin reads.
	derivatives() (g, h *Buffer[float32])
	// rest gives back the memory of rows, until begin; it may keep it.
	rest()
	close()
}

// hostStage is the memory of the host.
type hostStage struct{ *goGrower }

func (s hostStage) begin(in TreeInput) (int, tally, error) { return s.beginRows(in) }

func (s hostStage) squares(ids []int32) ([]square, error) { return s.squaresOf(ids), nil }

func (s hostStage) sum(jobs []histJob) error {
	s.sumRows(jobs)
	return nil
}

func (s hostStage) search(ids []int32, picked [][]int32) ([]candidate, error) {
	return s.searchSums(ids, picked), nil
}

func (s hostStage) isolate(ids []int32) error {
	s.isolateAll(ids)
	return nil
}

func (s hostStage) part(ids []int32) error {
	s.partRows(ids)
	return nil
}

func (s hostStage) leaves(values []LeafValue, scores *Buffer[float64], which Which) error {
	s.addLeaves(values, scores, which)
	return nil
}

func (s hostStage) list(n *growNode) ([]uint32, error) {
	rows := s.rows[n.side].a[n.lo : n.lo+n.rows]
	out := make([]uint32, len(rows))
	for i, a := range rows {
		out[i] = uint32(a)
	}
	return out, nil
}

// derivatives returns the memory that rows are parted to first: nothing is there before
// begin has read them.
func (s hostStage) derivatives() (g, h *Buffer[float32]) {
	s.roomForRows()
	n := s.bins.rows
	both := unsafe.Slice((*float32)(unsafe.Pointer(unsafe.SliceData(s.rows[1].a))), 2*n)
	return NewBuffer(both[:n:n]), NewBuffer(both[n:])
}

func (s hostStage) rest() { s.freeRows() }

func (s hostStage) close() {
	s.freeRows()
	s.works, s.small, s.grown = nil, nil, nil
}
