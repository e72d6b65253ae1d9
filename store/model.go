package store

import (
	"database/sql"

	"github.com/geyser-ml/geyser/engine"
)

const modelColumns = `key, file, algo, category, bytes, created`

func scanModel(row scanner) (engine.ModelRecord, error) {
	var r engine.ModelRecord
	var created int64
	err := row.Scan(&r.Key, &r.File, &r.Algo, &r.Category, &r.Bytes, &created)
	r.Created = moment(created)
	return r, err
}

// PutModel records r under its key, in one transaction that is on disk when
// PutModel returns, and returns the model record that it replaced, nil if
// there was none. A frame or result record of that key goes: a key names one
// object.
func (db *DB) PutModel(r engine.ModelRecord) (old *engine.ModelRecord, err error) {
	err = db.write("put model", true, func(tx *sql.Tx) error {
		old, err = optional(tx.QueryRow(`SELECT `+modelColumns+` FROM model WHERE key = ?`, r.Key), scanModel)
		if err != nil {
			return err
		}
		if err := free(tx, r.Key, "frame", "result"); err != nil {
			return err
		}
		_, err = tx.Exec(`INSERT OR REPLACE INTO model (`+modelColumns+`) VALUES (?, ?, ?, ?, ?, ?)`,
			r.Key, r.File, r.Algo, r.Category, r.Bytes, stamp(r.Created))
		return err
	})
	return old, err
}

// DeleteModel forgets the model of a key; an unknown key is fine.
func (db *DB) DeleteModel(key string) error {
	return db.write("delete model", false, func(tx *sql.Tx) error {
		_, err := tx.Exec(`DELETE FROM model WHERE key = ?`, key)
		return err
	})
}

// Models lists all models, oldest first.
func (db *DB) Models() ([]engine.ModelRecord, error) {
	return list(db, "list models", scanModel, `SELECT `+modelColumns+` FROM model ORDER BY created, key`)
}

// DeleteAll forgets all frames, models and results but those with a key in retain.
// Jobs, settings and API keys stay.
func (db *DB) DeleteAll(retain []string) error {
	return db.write("delete all", false, func(tx *sql.Tx) error {
		if _, err := tx.Exec(`CREATE TEMP TABLE IF NOT EXISTS retained (key TEXT PRIMARY KEY)`); err != nil {
			return err
		}
		if _, err := tx.Exec(`DELETE FROM temp.retained`); err != nil {
			return err
		}
		for _, key := range retain {
			if _, err := tx.Exec(`INSERT OR IGNORE INTO temp.retained (key) VALUES (?)`, key); err != nil {
				return err
			}
		}
		_, err := tx.Exec(`
			DELETE FROM frame WHERE key NOT IN (SELECT key FROM temp.retained);
			DELETE FROM model WHERE key NOT IN (SELECT key FROM temp.retained);
			DELETE FROM result WHERE key NOT IN (SELECT key FROM temp.retained)`)
		return err
	})
}
