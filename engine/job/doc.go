// Package job runs work in the background: a Pool of workers with a queue that
// is fair between owners, jobs that can be watched, cancelled and bounded in time
// and memory, and a Journal that hears of them before anybody can see them.
//
//	               Start
//	                 │ Journal.JobStarted
//	                 ▼
//	  Cancel     ┌────────┐
//	 ┌───────────│ Queued │
//	 │           └───┬────┘
//	 │               │ a worker is free, the memory fits, its owner's turn
//	 │               ▼
//	 │           ┌─────────┐  returned nil         ┌──────┐
//	 │           │ Running ├──────────────────────▶│ Done │
//	 │           └─┬─────┬─┘                       └──────┘
//	 │      Cancel │     │ error, panic, deadline  ┌────────┐
//	 ▼             ▼     └────────────────────────▶│ Failed │
//	┌───────────────┐      another error, panic    └────────┘
//	│ CancelPending ├─────────────────────────────────▲
//	└──────┬────────┘
//	       │ returned nil or ctx's error, or never ran
//	       ▼
//	┌───────────┐
//	│ Cancelled │
//	└───────────┘
//
// A job enters one of the three last states once, in this order: its work
// returns, Spec.Release gives locks back, Journal.JobEnded records the end, the
// state becomes visible. So whoever sees a job ended can remove what it held, and
// finds it ended after a restart too.
package job
