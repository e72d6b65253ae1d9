package model

import (
	"slices"
	"time"
)

// Timeline is when a growing model was measured, and what came out.
type Timeline struct {
	Started time.Time
	Scored  []Scored
	Stamps  []Stamp // of Scored; those of models that were read may be fewer
}

// Add adds an entry. It takes the place of the last one where that is of the same
// step.
func (l *Timeline) Add(at time.Time, s Scored) {
	if n := len(l.Scored) - 1; n >= 0 && l.Scored[n].Step == s.Step {
		l.Scored, l.Stamps = slices.Clip(l.Scored[:n]), slices.Clip(l.Stamps[:min(n, len(l.Stamps))])
	}
	l.Scored = append(l.Scored, s)
	l.Stamps = append(l.Stamps, Stamp{At: at, Duration: at.Sub(l.Started)})
}

// Resume takes over the entries of a model that is continued, and counts its time.
func (l *Timeline) Resume(i *Info) {
	l.Scored, l.Stamps = slices.Clone(i.History), slices.Clone(i.Identity.Times)
	if n := len(l.Stamps); n > 0 {
		l.Started = l.Started.Add(-l.Stamps[n-1].Duration)
	}
}

// Show writes the entries into a snapshot, which later ones do not show in. step is
// the title of the steps.
func (l *Timeline) Show(i *Info, step string) {
	i.Step, i.History, i.Identity.Times = step, slices.Clip(l.Scored), slices.Clip(l.Stamps)
}
