package store

import (
	"database/sql"

	"github.com/geyser-ml/geyser/engine"
)

const frameColumns = `key, file, rows, cols, bytes, checksum, durable, created`

func scanFrame(row scanner) (engine.FrameRecord, error) {
	var r engine.FrameRecord
	var created int64
	err := row.Scan(&r.Key, &r.File, &r.Rows, &r.Cols, &r.Bytes, &r.Checksum, &r.Durable, &created)
	r.Created = moment(created)
	return r, err
}

// PutFrame records r under its key, in one transaction, and returns the frame
// record that it replaced, nil if there was none. A model or result record of that
// key goes: a key names one object. A durable record is on disk when PutFrame
// returns.
func (db *DB) PutFrame(r engine.FrameRecord) (old *engine.FrameRecord, err error) {
	err = db.write("put frame", r.Durable, func(tx *sql.Tx) error {
		old, err = optional(tx.QueryRow(`SELECT `+frameColumns+` FROM frame WHERE key = ?`, r.Key), scanFrame)
		if err != nil {
			return err
		}
		if err := free(tx, r.Key, "model", "result"); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT OR REPLACE INTO frame (`+frameColumns+`) VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
			r.Key, r.File, r.Rows, r.Cols, r.Bytes, r.Checksum, r.Durable, stamp(r.Created))
		return err
	})
	return old, err
}

// DeleteFrame forgets the frame of a key; an unknown key is fine.
func (db *DB) DeleteFrame(key string) error {
	return db.write("delete frame", false, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM frame WHERE key = ?`, key)
		return err
	})
}

// Frames lists all frames, oldest first.
func (db *DB) Frames() ([]engine.FrameRecord, error) {
	return list(db, "list frames", scanFrame, `SELECT `+frameColumns+` FROM frame ORDER BY created, key`)
}
