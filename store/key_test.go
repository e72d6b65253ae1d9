package store

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
)

func TestKeys(t *testing.T) {
	dir := t.TempDir()
	db := openTest(t, dir)
	secret, err := db.CreateKey("laptop")
	require.NoError(t, err)
	other, err := db.CreateKey("laptop")
	require.NoError(t, err)
	require.NotEqual(t, secret, other)
	id := strings.Split(secret, "_")[1]

	check := func(secret string) bool {
		ok, err := db.CheckKey(secret)
		require.NoError(t, err)
		return ok
	}
	assert.True(t, check(secret))
	for name, wrong := range map[string]string{
		"empty":        "",
		"id alone":     id,
		"other random": "gsr_" + id + "_" + strings.Repeat("0", 64),
		"cut":          secret[:len(secret)-1],
		"longer":       secret + "0",
		"other prefix": "x" + secret[1:],
		"other id":     "gsr_" + strings.Split(other, "_")[1] + "_" + strings.Split(secret, "_")[2],
		"upper case":   strings.ToUpper(secret),
	} {
		assert.False(t, check(wrong), name)
	}

	keys, err := db.Keys()
	require.NoError(t, err)
	require.Len(t, keys, 2)
	assert.Equal(t, "laptop", keys[0].Name)
	assert.False(t, keys[0].LastUsed.IsZero(), "a use is recorded")
	assert.True(t, keys[1].LastUsed.IsZero())

	require.NoError(t, db.RevokeKey(id))
	assert.False(t, check(secret))
	assert.True(t, check(other))
	assert.Equal(t, errs.NotFound, errs.KindOf(db.RevokeKey(id)), "revoked already")
	assert.Equal(t, errs.NotFound, errs.KindOf(db.RevokeKey("nosuch")))
	_, err = db.CreateKey("")
	assert.Equal(t, errs.Invalid, errs.KindOf(err))

	files, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	for _, file := range files {
		content, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.False(t, bytes.Contains(content, []byte(strings.Split(secret, "_")[2])), "%s holds a secret", file)
	}
}
