package model

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestTimeline(t *testing.T) {
	at := func(s int64) time.Time { return time.Unix(s, 0) }
	stamp := func(s int64, took time.Duration) Stamp { return Stamp{at(s), took * time.Second} }
	l := Timeline{Started: at(10)}
	l.Add(at(11), Scored{Step: 0})
	l.Add(at(12), Scored{Step: 5})
	var first Info
	l.Show(&first, "Number of Trees")
	l.Add(at(15), Scored{Step: 5, Train: []float64{1}})
	require.Equal(t, "Number of Trees", first.Step)
	require.Equal(t, []Scored{{Step: 0}, {Step: 5}}, first.History, "a snapshot")
	require.Equal(t, []Stamp{stamp(11, 1), stamp(12, 2)}, first.Identity.Times)
	var second Info
	l.Show(&second, "")
	require.Equal(t, []Scored{{Step: 0}, {Step: 5, Train: []float64{1}}}, second.History, "measured again")
	require.Equal(t, []Stamp{stamp(11, 1), stamp(15, 5)}, second.Identity.Times)

	more := Timeline{Started: at(100)}
	more.Resume(&second)
	more.Add(at(101), Scored{Step: 9})
	require.Equal(t, []Scored{{Step: 0}, {Step: 5, Train: []float64{1}}, {Step: 9}}, more.Scored)
	require.Equal(t, []Stamp{stamp(11, 1), stamp(15, 5), stamp(101, 6)}, more.Stamps)
	require.Len(t, second.History, 2)

	fewer := Timeline{Started: at(1), Scored: []Scored{{Step: 3}}}
	fewer.Add(at(2), Scored{Step: 3})
	require.Len(t, fewer.Scored, 1)
	require.Equal(t, []Stamp{stamp(2, 1)}, fewer.Stamps)
}

func TestTask_Late(t *testing.T) {
	now := time.Unix(10, 0)
	for _, c := range []struct {
		name     string
		deadline time.Time
		want     bool
	}{
		{"never", time.Time{}, false}, {"later", now.Add(1), false}, {"now", now, true}, {"before", now.Add(-1), true},
	} {
		task := Task{Deadline: c.deadline, Now: func() time.Time { return now }}
		require.Equal(t, c.want, task.Late(), c.name)
	}
}
