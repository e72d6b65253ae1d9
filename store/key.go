package store

import (
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/geyser-ml/geyser/engine/errs"
)

// APIKey describes a key that opens the API. Its secret is not kept.
type APIKey struct {
	ID, Name string
	Created  time.Time
	LastUsed time.Time // zero when never; exact to a minute
	Revoked  time.Time // zero while it is valid
}

// secretPrefix begins each secret, so that people and scanners recognise one.
const secretPrefix = "gsr"

// CreateKey makes a key for the person or program called name and returns its
// secret, gsr_ID_RANDOM, which cannot be shown again.
func (db *DB) CreateKey(name string) (secret string, err error) {
	if name == "" {
		return "", errs.Invalidf("name", "an API key needs a name that says who uses it")
	}
	var random [36]byte // 4 for the id, 32 for the secret
	rand.Read(random[:])
	id := hex.EncodeToString(random[:4])
	secret = fmt.Sprintf("%s_%s_%s", secretPrefix, id, hex.EncodeToString(random[4:]))
	hash := sha256.Sum256([]byte(secret))
	err = db.write("create key", true, func(tx *sql.Tx) error {
		_, err := tx.Exec(`INSERT INTO api_key (id, name, hash, created, used, revoked) VALUES (?, ?, ?, ?, 0, 0)`,
			id, name, hash[:], stamp(time.Now()))
		return err
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// Keys lists all keys, revoked ones too, oldest first.
func (db *DB) Keys() ([]APIKey, error) {
	scan := func(row scanner) (APIKey, error) {
		var k APIKey
		var created, used, revoked int64
		err := row.Scan(&k.ID, &k.Name, &created, &used, &revoked)
		k.Created, k.LastUsed, k.Revoked = moment(created), moment(used), moment(revoked)
		return k, err
	}
	return list(db, "list keys", scan, `SELECT id, name, created, used, revoked FROM api_key ORDER BY created, id`)
}

// RevokeKey closes the API to a key, from the next request on.
func (db *DB) RevokeKey(id string) error {
	var found int64
	err := db.write("revoke key", true, func(tx *sql.Tx) error {
		res, err := tx.Exec(`UPDATE api_key SET revoked = ? WHERE id = ? AND revoked = 0`, stamp(time.Now()), id)
		if err != nil {
			return err
		}
		found, err = res.RowsAffected()
		return err
	})
	if err == nil && found == 0 {
		return errs.NotFoundf("id", "there is no valid API key %q: geyser keys list shows them", id)
	}
	return err
}

// CheckKey tells whether secret belongs to a key that is not revoked.
func (db *DB) CheckKey(secret string) (bool, error) {
	parts := strings.Split(secret, "_")
	if len(parts) != 3 || parts[0] != secretPrefix {
		return false, nil
	}
	var hash []byte
	var used int64
	err := db.read.QueryRow(`SELECT hash, used FROM api_key WHERE id = ? AND revoked = 0`, parts[1]).Scan(&hash, &used)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	if err != nil {
		return false, db.fault("check key", err)
	}
	given := sha256.Sum256([]byte(secret))
	if subtle.ConstantTimeCompare(given[:], hash) != 1 {
		return false, nil
	}
	// Why: one write a minute tells who still uses a key; one per request would slow every route.
	if now := time.Now(); now.Sub(moment(used)) > time.Minute {
		err = db.write("use key", false, func(tx *sql.Tx) error {
			_, err := tx.Exec(`UPDATE api_key SET used = ? WHERE id = ?`, stamp(now), parts[1])
			return err
		})
	}
	return true, err
}
