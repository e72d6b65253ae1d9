package store

import (
	"database/sql"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/job"
)

func TestJobs(t *testing.T) {
	running := job.Snapshot{Key: "$0301_run", Description: "Parse", Dest: "a.hex", DestKind: "Frame", State: job.Running,
		Progress: 0.25, Message: "halfway", Created: at(1), Started: at(2)}
	done := job.Snapshot{Key: "$0301_done", Description: "GBM", Dest: "m", DestKind: "Model", State: job.Done,
		Progress: 1, Message: "Done.", Warnings: []string{"dropped \"x\"", ""}, Created: at(1), Started: at(3), Ended: at(4)}
	failed := job.Snapshot{Key: "$0301_failed", State: job.Failed, Err: "no rows", Stack: "a\nb", Ended: at(5)}
	cancelled := job.Snapshot{Key: "$0301_cancelled", State: job.Cancelled, Ended: at(6)}

	dir := t.TempDir()
	before := time.Now()
	db := reopen(t, dir, func(db *DB) {
		for _, s := range []job.Snapshot{running, done, failed, cancelled} {
			first := s
			first.State, first.Progress, first.Warnings = job.Running, 0, nil
			require.NoError(t, db.JobStarted(first))
		}
		for _, s := range []job.Snapshot{cancelled, failed, done} {
			require.NoError(t, db.JobEnded(s))
		}
	})

	got, err := db.Jobs()
	require.NoError(t, err)
	require.Len(t, got, 4)
	lost := got[0]
	assert.Equal(t, running.Key, lost.Key)
	assert.Equal(t, job.Failed, lost.State)
	assert.Equal(t, "server restarted", lost.Err)
	assert.WithinRange(t, lost.Ended, before, time.Now())
	assert.Equal(t, running.Started, lost.Started)
	done.Warnings = []string{"dropped \"x\"", ""}
	failed.Warnings, cancelled.Warnings = []string{}, []string{}
	assert.Equal(t, []job.Snapshot{done, failed, cancelled}, got[1:])
}

func TestJobs_Queued(t *testing.T) {
	dir := t.TempDir()
	db := reopen(t, dir, func(db *DB) {
		require.NoError(t, db.JobStarted(job.Snapshot{Key: "q", State: job.Queued}))
		assert.ErrorContains(t, db.JobEnded(job.Snapshot{Key: "q", State: job.Queued}), "not stored")
	})
	got, err := db.Jobs()
	require.NoError(t, err)
	assert.Equal(t, job.Failed, got[0].State, "a job that never ran is lost with the process, too")
}

func TestJobs_Bounded(t *testing.T) {
	db := openTest(t, t.TempDir())
	require.NoError(t, db.JobStarted(job.Snapshot{Key: "first, still running", State: job.Running}))
	require.NoError(t, db.write("fill", false, func(tx *sql.Tx) error {
		for i := range keptJobs + 5 {
			_, err := tx.Exec(`INSERT INTO job (`+jobColumns+`) VALUES (?, '', '', '', 'done', 1, '', '[]', '', '', 0, 0, 0)`, fmt.Sprint("j", i))
			if err != nil {
				return err
			}
		}
		return nil
	}))
	require.NoError(t, db.JobStarted(job.Snapshot{Key: "last", State: job.Running}))
	got, err := db.Jobs()
	require.NoError(t, err)
	require.Len(t, got, keptJobs+1)
	assert.Equal(t, "first, still running", got[0].Key)
	assert.Equal(t, "j6", got[1].Key)
	assert.Equal(t, "last", got[keptJobs].Key)
}
