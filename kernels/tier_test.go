package kernels

import "testing"

func TestScorer(t *testing.T) {
	if Scorer() != CPU() {
		t.Errorf("scorer is %s", Scorer().Name())
	}
	b := newGo(1)
	ScoreOn(b)
	if Scorer() != Backend(b) {
		t.Errorf("scorer is %s, want the one that was named", Scorer().Name())
	}
	ScoreOn(nil)
	if Scorer() != CPU() || Fault(Scorer()) != nil {
		t.Errorf("scorer is %s again, fault %v", Scorer().Name(), Fault(Scorer()))
	}
}
