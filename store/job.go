package store

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"time"

	"github.com/geyser-ml/geyser/engine/job"
)

// keptJobs bounds the history: older ended jobs are forgotten.
const keptJobs = 10_000

const jobColumns = `key, description, dest, dest_kind, state, progress, message, warnings, error, stack, created, started, ended`

// stateNames are the states that are stored.
var stateNames = map[job.State]string{
	job.Running:   "running",
	job.Done:      "done",
	job.Failed:    "failed",
	job.Cancelled: "cancelled",
}

func scanJob(row scanner) (job.Snapshot, error) {
	var s job.Snapshot
	var state, warnings string
	var created, started, ended int64
	err := row.Scan(&s.Key, &s.Description, &s.Dest, &s.DestKind, &state, &s.Progress, &s.Message,
		&warnings, &s.Err, &s.Stack, &created, &started, &ended)
	if err != nil {
		return s, err
	}
	s.Created, s.Started, s.Ended = moment(created), moment(started), moment(ended)
	for known, name := range stateNames {
		if name == state {
			s.State = known
		}
	}
	return s, json.Unmarshal([]byte(warnings), &s.Warnings)
}

// JobStarted records a job that was accepted; "running" stands for queued too.
// When it has returned, a killed process leaves the job as failed, not as unknown.
func (db *DB) JobStarted(s job.Snapshot) error {
	s.State = job.Running
	return db.putJob("start job", s)
}

// JobEnded records how a job ended.
func (db *DB) JobEnded(s job.Snapshot) error { return db.putJob("end job", s) }

func (db *DB) putJob(op string, s job.Snapshot) error {
	state, ok := stateNames[s.State]
	if !ok {
		return fmt.Errorf("store: %s %s: state %v is not stored", op, s.Key, s.State)
	}
	if s.Warnings == nil {
		s.Warnings = []string{}
	}
	warnings, err := json.Marshal(s.Warnings)
	if err != nil {
		return db.fault(op, err)
	}
	return db.write(op, false, func(tx *sql.Tx) error {
		_, err := tx.Exec(`
			INSERT INTO job (`+jobColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
			ON CONFLICT (key) DO UPDATE SET
				description = excluded.description, dest = excluded.dest, dest_kind = excluded.dest_kind,
				state = excluded.state, progress = excluded.progress, message = excluded.message,
				warnings = excluded.warnings, error = excluded.error, stack = excluded.stack,
				created = excluded.created, started = excluded.started, ended = excluded.ended`,
			s.Key, s.Description, s.Dest, s.DestKind, state, s.Progress, s.Message, string(warnings),
			s.Err, s.Stack, stamp(s.Created), stamp(s.Started), stamp(s.Ended))
		if err != nil {
			return err
		}
		_, err = tx.Exec(`DELETE FROM job WHERE seq <= (SELECT max(seq) FROM job) - ? AND state <> 'running'`, keptJobs)
		return err
	})
}

// Jobs lists the recorded jobs, oldest first.
func (db *DB) Jobs() ([]job.Snapshot, error) {
	return list(db, "list jobs", scanJob, `SELECT `+jobColumns+` FROM job ORDER BY seq`)
}

// failRunning ends the jobs that an earlier process left running.
func (db *DB) failRunning(now time.Time) error {
	return db.write("fail lost jobs", false, func(tx *sql.Tx) error {
		_, err := tx.Exec(`
			UPDATE job SET state = 'failed', error = 'server restarted', message = 'server restarted', ended = ?
			WHERE state = 'running'`, stamp(now))
		return err
	})
}
