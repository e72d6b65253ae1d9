package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"sync"
	"time"

	_ "github.com/mattn/go-sqlite3" // the "sqlite3" driver
)

const (
	fileName = "geyser.db"
	readers  = 4
)

// DB is an opened, migrated database. It implements engine.Repo and
// job.Journal and is safe for concurrent use.
type DB struct {
	path string
	lock *dirLock // nil when another process holds the directory
	read *sql.DB
	pool *sql.DB   // holds the one writing connection
	conn *sql.Conn // that connection, so that its pragmas stay

	mu   sync.Mutex // the one writer; guards full
	full bool       // conn commits with synchronous=FULL
}

// Open takes the data directory dir for this process, creating it when it is
// missing, brings its database to the newest schema and marks jobs that an
// earlier process left running as failed. It fails when another process holds
// the directory.
func Open(dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory %s cannot be created: %w", dir, cause(err))
	}
	lock, err := lockDir(dir)
	if err != nil {
		return nil, err
	}
	db, err := open(dir, lock)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	if err := db.failRunning(time.Now()); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// OpenBeside opens the database of dir whether or not a server runs on it, for
// short work on API keys. It leaves jobs alone; beside a running server it
// does not change the schema either, but fails when it would have to.
func OpenBeside(dir string) (*DB, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("data directory %s cannot be created: %w", dir, cause(err))
	}
	lock, err := lockDir(dir)
	var busy *busyError
	if err != nil && !errors.As(err, &busy) {
		return nil, err
	}
	db, err := open(dir, lock)
	if err != nil {
		return nil, errors.Join(err, lock.release())
	}
	return db, nil
}

// open connects and migrates; without a lock it only checks the schema.
func open(dir string, lock *dirLock) (*DB, error) {
	db, err := connect(filepath.Join(dir, fileName), lock)
	if err != nil {
		return nil, err
	}
	steps, err := fs.Sub(migrationFiles, "migration")
	if err == nil {
		err = db.migrate(steps, lock != nil)
	}
	if err != nil {
		return nil, errors.Join(err, db.disconnect())
	}
	return db, nil
}

// connect opens the writing connection; the readers connect when first used.
func connect(path string, lock *dirLock) (*DB, error) {
	db := &DB{path: path, lock: lock}
	var err error
	if db.read, err = sql.Open("sqlite3", dsn(path, true)); err != nil {
		return nil, db.fault("open", err)
	}
	db.read.SetMaxOpenConns(readers)
	db.read.SetMaxIdleConns(readers)
	if db.pool, err = sql.Open("sqlite3", dsn(path, false)); err != nil {
		return nil, db.fault("open", err)
	}
	db.pool.SetMaxOpenConns(1)
	if db.conn, err = db.pool.Conn(context.Background()); err != nil {
		return nil, errors.Join(db.fault("open", err), db.read.Close(), db.pool.Close())
	}
	return db, nil
}

// dsn names the file and the pragmas that each connection starts with.
func dsn(path string, readOnly bool) string {
	q := url.Values{
		"_journal_mode": {"WAL"},
		"_synchronous":  {"NORMAL"},
		"_foreign_keys": {"on"},
		"_busy_timeout": {"10000"},
		"_txlock":       {"immediate"},
		// Why: preparing a statement takes longer than running it.
		"_stmt_cache_size": {"64"},
	}
	if readOnly {
		q.Set("_query_only", "on")
		q.Set("_txlock", "deferred")
	}
	u := url.URL{Scheme: "file", Path: path, OmitHost: true, RawQuery: q.Encode()}
	return u.String()
}

// Close ends all connections and gives the data directory back.
func (db *DB) Close() error {
	db.mu.Lock()
	defer db.mu.Unlock()
	return errors.Join(db.disconnect(), db.lock.release())
}

func (db *DB) disconnect() error {
	return errors.Join(db.read.Close(), db.conn.Close(), db.pool.Close())
}

// write runs f in one immediate transaction. A durable one is on disk when
// write returns; any other is safe from a killed process only.
func (db *DB) write(op string, durable bool, f func(*sql.Tx) error) error {
	db.mu.Lock()
	defer db.mu.Unlock()
	ctx := context.Background()
	if durable != db.full {
		// Why: the pragma is per connection and has no effect inside a transaction.
		level := "NORMAL"
		if durable {
			level = "FULL"
		}
		if _, err := db.conn.ExecContext(ctx, "PRAGMA synchronous = "+level); err != nil {
			return db.fault(op, err)
		}
		db.full = durable
	}
	tx, err := db.conn.BeginTx(ctx, nil)
	if err != nil {
		return db.fault(op, err)
	}
	if err := f(tx); err != nil {
		return errors.Join(db.fault(op, err), tx.Rollback())
	}
	return db.fault(op, tx.Commit())
}

// scanner is a row under a cursor, or the only row of a query.
type scanner interface{ Scan(dest ...any) error }

// list runs a query on the readers and scans each row.
func list[T any](db *DB, op string, scan func(scanner) (T, error), query string, args ...any) ([]T, error) {
	rows, err := db.read.Query(query, args...)
	if err != nil {
		return nil, db.fault(op, err)
	}
	defer rows.Close()
	var all []T
	for rows.Next() {
		v, err := scan(rows)
		if err != nil {
			return nil, db.fault(op, err)
		}
		all = append(all, v)
	}
	return all, db.fault(op, rows.Err())
}

// optional scans a row that may be missing.
func optional[T any](row scanner, scan func(scanner) (T, error)) (*T, error) {
	v, err := scan(row)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return &v, err
}

// fault says which operation on which file failed; a nil error stays nil.
func (db *DB) fault(op string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("store: %s in %s: %w", op, db.path, err)
}

// cause strips the operation and path that the os package puts before an error.
func cause(err error) error {
	var path *fs.PathError
	if errors.As(err, &path) {
		return path.Err
	}
	return err
}

// stamp and moment turn times into what is stored: nanoseconds since 1970,
// and 0 for the zero time.
func stamp(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}

func moment(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}
