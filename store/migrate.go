package store

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"
)

//go:embed migration/*.sql
var migrationFiles embed.FS

// A migration is one numbered step of the schema. A step that has been
// released never changes: a correction is a further step.
type migration struct {
	number   int
	name     string // file name: 0001_init.sql
	text     string
	checksum string
}

// migrations reads the steps of dir and checks that they are numbered 1, 2 and so on.
func migrations(dir fs.FS) ([]migration, error) {
	names, err := fs.Glob(dir, "*.sql")
	if err != nil {
		return nil, fmt.Errorf("store: %w", err)
	}
	var all []migration
	for i, name := range names { // Glob sorts
		head, _, _ := strings.Cut(name, "_")
		number, err := strconv.Atoi(head)
		if err != nil || number != i+1 {
			return nil, fmt.Errorf("store: migration file %s: expected number %04d", name, i+1)
		}
		text, err := fs.ReadFile(dir, name)
		if err != nil {
			return nil, fmt.Errorf("store: %w", err)
		}
		sum := sha256.Sum256(text)
		all = append(all, migration{number, name, string(text), hex.EncodeToString(sum[:])})
	}
	return all, nil
}

// migrate checks the steps that the database has against dir and runs the
// missing ones, each in a transaction of its own. With apply false a missing
// step is an error.
func (db *DB) migrate(dir fs.FS, apply bool) error {
	known, err := migrations(dir)
	if err != nil {
		return err
	}
	done, err := db.applied()
	if err != nil {
		return err
	}
	if len(done) > len(known) {
		return fmt.Errorf("%s was written by a newer geyser: it has schema %d, this one knows %d; use the newer one, or another --data-dir",
			db.path, len(done), len(known))
	}
	for i, m := range known {
		if i >= len(done) {
			if !apply {
				return fmt.Errorf("%s has an older schema and is in use: stop the server that runs on it, and try again", db.path)
			}
			if err := db.apply(m); err != nil {
				return err
			}
		} else if done[i] != m.checksum {
			return fmt.Errorf("%s was made with another version of migration %s than this geyser has: released migrations must not change; use the geyser that made it, or another --data-dir",
				db.path, m.name)
		}
	}
	return nil
}

// applied returns the checksums of the steps that the database has, in order.
func (db *DB) applied() ([]string, error) {
	ctx := context.Background()
	var exists bool
	err := db.conn.QueryRowContext(ctx,
		`SELECT count(*) > 0 FROM sqlite_schema WHERE type = 'table' AND name = 'migration'`).Scan(&exists)
	if err != nil || !exists {
		return nil, db.fault("read the schema", err)
	}
	rows, err := db.conn.QueryContext(ctx, `SELECT checksum FROM migration ORDER BY number`)
	if err != nil {
		return nil, db.fault("read the migrations", err)
	}
	defer rows.Close()
	var sums []string
	for rows.Next() {
		var sum string
		if err := rows.Scan(&sum); err != nil {
			return nil, db.fault("read the migrations", err)
		}
		sums = append(sums, sum)
	}
	return sums, db.fault("read the migrations", rows.Err())
}

func (db *DB) apply(m migration) error {
	return db.write("migration "+m.name, true, func(tx *sql.Tx) error {
		if _, err := tx.Exec(m.text); err != nil {
			return err
		}
		_, err := tx.Exec(`INSERT INTO migration (number, name, checksum, applied) VALUES (?, ?, ?, ?)`,
			m.number, m.name, m.checksum, stamp(time.Now()))
		return err
	})
}
