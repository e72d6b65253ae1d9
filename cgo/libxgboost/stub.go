//go:build !cgo

package libxgboost

import "errors"

// errStub is why nothing here works.
var errStub = errors.New("this program was built without cgo")

func load(string) (Build, error) { return Build{}, errStub }

// Matrix is data to learn from.
type Matrix struct{}

// Columns always fails in this build.
func Columns([][]float32, int) (*Matrix, error) { return nil, errStub }

// CSR always fails in this build.
func CSR([]uint64, []uint32, []float32, int, int) (*Matrix, error) { return nil, errStub }

// Set always fails in this build.
func (*Matrix) Set(string, []float32) error { return errStub }

// Name always fails in this build.
func (*Matrix) Name([]string) error { return errStub }

// Save always fails in this build.
func (*Matrix) Save(string) error { return errStub }

// Close does nothing in this build.
func (*Matrix) Close() {}

// Booster is a model that learns.
type Booster struct{}

// NewBooster always fails in this build.
func NewBooster([][2]string, ...*Matrix) (*Booster, error) { return nil, errStub }

// Set always fails in this build.
func (*Booster) Set(string, string) error { return errStub }

// Update always fails in this build.
func (*Booster) Update(int, *Matrix) error { return errStub }

// Eval always fails in this build.
func (*Booster) Eval(int, ...*Matrix) (string, []float64, error) { return "", nil, errStub }

// Predict always fails in this build.
func (*Booster) Predict(*Matrix, Kind) ([]float32, error) { return nil, errStub }

// Save always fails in this build.
func (*Booster) Save() ([]byte, error) { return nil, errStub }

// Load always fails in this build.
func (*Booster) Load([]byte) error { return errStub }

// Config always fails in this build.
func (*Booster) Config() ([]byte, error) { return nil, errStub }

// Rounds always fails in this build.
func (*Booster) Rounds() (int, error) { return 0, errStub }

// Close does nothing in this build.
func (*Booster) Close() {}
