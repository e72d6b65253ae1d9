// Package catalog maps keys to objects (frames, models, uploads, anything
// keyed) and keeps readers and writers apart: an object that a running job
// reads cannot be replaced or removed, and what a job writes no other job can
// lock. Looking an object up needs no lock, so a model that is still being
// trained can be shown. What H2O calls the DKV, on one machine.
package catalog
