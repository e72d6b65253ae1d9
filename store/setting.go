package store

import (
	"database/sql"
	"errors"
)

// Setting returns the value of a named setting and whether it was ever set.
func (db *DB) Setting(name string) (string, bool, error) {
	var value string
	err := db.read.QueryRow(`SELECT value FROM setting WHERE name = ?`, name).Scan(&value)
	if errors.Is(err, sql.ErrNoRows) {
		return "", false, nil
	}
	return value, err == nil, db.fault("read setting", err)
}

// SetSetting stores a named setting.
func (db *DB) SetSetting(name, value string) error {
	return db.write("set setting", false, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT OR REPLACE INTO setting (name, value) VALUES (?, ?)`, name, value)
		return err
	})
}
