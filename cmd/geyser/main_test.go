package main

import (
	"bytes"
	"context"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/store"
)

// command runs one command line with a context that has ended, so that a
// server that starts stops at once.
func command(args ...string) (code int, stdout, stderr string) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var out, errs bytes.Buffer
	code = run(ctx, args, &out, &errs)
	return code, out.String(), errs.String()
}

func TestVersion(t *testing.T) {
	code, out, _ := command("version")
	assert.Zero(t, code)
	assert.Contains(t, out, "geyser "+version)
	assert.Contains(t, out, h2oVersion)
}

func TestKeysCommand(t *testing.T) {
	dir := t.TempDir()
	code, secret, errs := command("keys", "create", "ci", "--data-dir", dir)
	require.Zero(t, code, errs)
	secret = strings.TrimSpace(secret)
	db, err := store.Open(dir)
	require.NoError(t, err)
	ok, err := db.CheckKey(secret)
	require.NoError(t, err)
	assert.True(t, ok)

	code, out, _ := command("keys", "list", "--data-dir", dir) // beside the open store
	assert.Zero(t, code)
	id := strings.Split(secret, "_")[1]
	assert.Contains(t, out, id)
	assert.NotContains(t, out, secret)
	code, _, _ = command("keys", "revoke", id, "--data-dir", dir)
	assert.Zero(t, code)
	ok, err = db.CheckKey(secret)
	require.NoError(t, err)
	assert.False(t, ok)
	require.NoError(t, db.Close())
}

func TestServe_StopsWhenAsked(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	code, out, errs := command("serve", "--port", "0", "--data-dir", dir)
	assert.Zero(t, code, errs)
	assert.Contains(t, out, "serving http://127.0.0.1:")
	code, _, errs = command("serve", "--port", "0", "--data-dir", dir)
	assert.Zero(t, code, "the first gave the directory back: %s", errs)
}

// TestOneLine: what a person can get wrong ends with code 1 and one line that
// says what to do.
func TestOneLine(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	busy := t.TempDir()
	db, err := store.Open(busy)
	require.NoError(t, err)
	defer db.Close()

	for _, tc := range []struct {
		name, want string
		args       []string
	}{
		{"ErrCommand", "unknown command", []string{"sevre"}},
		{"ErrFlag", "unknown flag", []string{"serve", "--prot", "1"}},
		{"ErrPortTaken", "is taken", []string{"serve", "--data-dir", t.TempDir(), "--port", strconv.Itoa(taken.Addr().(*net.TCPAddr).Port)}},
		{"ErrAddress", "not an address of this machine", []string{"serve", "--data-dir", keyed(t), "--address", "192.0.2.1", "--port", "0"}},
		{"ErrDataDir", "cannot be created", []string{"serve", "--data-dir", filepath.Join(file, "below"), "--port", "0"}},
		{"ErrDataDirBusy", "in use by process", []string{"serve", "--data-dir", busy, "--port", "0"}},
		{"ErrNoKey", "there is no API key", []string{"serve", "--data-dir", t.TempDir(), "--address", "0.0.0.0", "--port", "0"}},
		{"ErrBackend", "tiers are auto, cpu, go, native and cuda", []string{"serve", "--data-dir", t.TempDir(), "--port", "0", "--backend", "abacus"}},
		{"ErrDevice", "cuda:99", []string{"serve", "--data-dir", t.TempDir(), "--port", "0", "--backend", "cuda:99"}},
		{"ErrRevoke", "no valid API key", []string{"keys", "revoke", "nosuch", "--data-dir", t.TempDir()}},
		{"ErrKeyName", "accepts 1 arg", []string{"keys", "create", "--data-dir", t.TempDir()}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			code, _, errs := command(tc.args...)
			assert.Equal(t, 1, code)
			assert.Contains(t, errs, tc.want)
			assert.Equal(t, 1, strings.Count(errs, "\n"), "one line: %s", errs)
		})
	}
}

func TestDoctor(t *testing.T) {
	code, out, errs := command("doctor", "--data-dir", t.TempDir())
	require.Zero(t, code, errs)
	d := engine.Machine(version, "")
	assert.Regexp(t, `(?m)^large trainings +on `+regexp.QuoteMeta(d.Kernels)+`$`, out)
	for _, tier := range d.Tiers {
		assert.Regexp(t, `(?m)^`+tier.Name+` +(not )?found: `, out)
	}
	for _, x := range d.Devices {
		assert.Regexp(t, `(?m)^`+x.Name+` memory +[0-9.]+ [KMGT]iB free of `, out)
		require.NotEmpty(t, x.Dense)
		assert.Regexp(t, `(?m)^`+x.Name+` layers +by `+regexp.QuoteMeta(x.Dense)+`$`, out)
	}
}

// keyed returns a data directory that has an API key.
func keyed(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	code, _, errs := command("keys", "create", "test", "--data-dir", dir)
	require.Zero(t, code, errs)
	return dir
}
