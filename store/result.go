package store

import (
	"database/sql"
	"fmt"

	"github.com/geyser-ml/geyser/engine"
)

// PutResult records r under its key, in one transaction, in place of whatever
// frame, model or result had that key.
func (db *DB) PutResult(r engine.ResultRecord) error {
	return db.write("put result", false, func(tx *sql.Tx) error {
		if err := free(tx, r.Key, "frame", "model"); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT OR REPLACE INTO result (key, kind, body, created) VALUES (?, ?, ?, ?)`,
			r.Key, r.Kind, r.Body, stamp(r.Created))
		return err
	})
}

// DeleteResult forgets the result of a key; an unknown key is fine.
func (db *DB) DeleteResult(key string) error {
	return db.write("delete result", false, func(tx *sql.Tx) error { return free(tx, key, "result") })
}

// Results lists all results without their bodies, oldest first.
func (db *DB) Results() ([]engine.ResultRecord, error) {
	return list(db, "list results", func(row scanner) (engine.ResultRecord, error) {
		var r engine.ResultRecord
		var created int64
		err := row.Scan(&r.Key, &r.Kind, &created)
		r.Created = moment(created)
		return r, err
	}, `SELECT key, kind, created FROM result ORDER BY created, key`)
}

// ResultBody returns the body of a result. An unknown key is an error.
func (db *DB) ResultBody(key string) ([]byte, error) {
	var body []byte
	err := db.read.QueryRow(`SELECT body FROM result WHERE key = ?`, key).Scan(&body)
	return body, db.fault("read result", err)
}

// free forgets the records of a key in the named tables: a key names one object.
func free(tx *sql.Tx, key string, tables ...string) error {
	for _, table := range tables {
		if _, err := tx.Exec(fmt.Sprintf(`DELETE FROM %s WHERE key = ?`, table), key); err != nil {
			return err
		}
	}
	return nil
}
