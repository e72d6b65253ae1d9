package frame

import (
	"path/filepath"
	"testing"

	"github.com/geyser-ml/geyser/engine/errs"
)

func TestVerify(t *testing.T) {
	enum := func(codes ...int8) *Column {
		return &Column{kind: Enum, dtype: I8, n: len(codes), values: codes, domain: []string{"a", "b"}}
	}
	holed := enum(0, -1)
	holed.valid = []byte{0b01}
	for _, c := range []struct {
		name string
		col  *Column
		good bool
	}{
		{"codes", enum(0, 1, 1), true},
		{"missing", holed, true},
		{"numbers", NewInts(Int, []int64{1 << 40, -7}, nil), true},
		{"texts", &Column{kind: String, dtype: Text, n: 2, offs: []int64{0, 1, 3}, values: []byte("abc")}, true},
		{"ErrBeyondDomain", enum(0, 2), false},
		{"ErrNegative", enum(-5), false},
		{"ErrMissingWithoutBit", enum(-1), false},
		{"ErrTextsOverlap", &Column{kind: String, dtype: Text, n: 2, offs: []int64{0, 3, 1}, values: []byte("abc")}, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := Must(New([]string{"x"}, []*Column{c.col})).Verify()
			if c.good != (err == nil) || err != nil && errs.KindOf(err) != errs.Invalid {
				t.Errorf("err = %v", err)
			}
		})
	}
	f, err := Write(Must(New([]string{"x"}, []*Column{holed})), filepath.Join(t.TempDir(), "f.arrow"), false)
	if err != nil || f.Verify() != nil {
		t.Errorf("a sealed frame: %v %v", err, f.Verify())
	}
}
