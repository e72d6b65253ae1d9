//go:build cuda

package kernels

import (
	"errors"
	"slices"
	"testing"
)

func TestMeasureDevice(t *testing.T) {
	openShared(t)
	s, err := MeasureDevice("cuda:0", 1<<16)
	check(t, err)
	if s.Driver == "" || s.Processors <= 0 || s.Up <= 0 || s.Down <= 0 || s.Inside <= 0 || s.Launch <= 0 {
		t.Errorf("%+v", s)
	}
	for _, name := range []string{"cuda:99", "go"} {
		if _, err := MeasureDevice(name, 1); !errors.Is(err, ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// Each launch is counted, and none after the end.
func TestProfileDevice(t *testing.T) {
	b := openShared(t)
	stop, err := ProfileDevice("cuda:0")
	check(t, err)
	before := b.Traffic().Launches
	in, g, h := onesGradients(100)
	for range 3 {
		check(t, b.Gradients(Gaussian, in, g, h))
	}
	made := b.Traffic().Launches - before
	got := stop()
	check(t, b.Gradients(Gaussian, in, g, h))
	n := int64(0)
	for _, k := range got {
		n += k.Launches
		if k.Time <= 0 {
			t.Errorf("%+v", k)
		}
	}
	if n != made || n < 3 {
		t.Errorf("%d launches in %+v, want %d", n, got, made)
	}
	if again := stop(); !slices.Equal(again, got) {
		t.Errorf("after the end %+v, before %+v", again, got)
	}
	if _, err := ProfileDevice("native"); !errors.Is(err, ErrUnavailable) {
		t.Errorf("%v", err)
	}
}
