package main

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "123": 123, "123b": 123, "8GiB": 8 << 30, "8g": 8 << 30, "8 G": 8 << 30, "8GB": 8e9,
		"1.5k": 1536, "512MiB": 512 << 20, "2tib": 2 << 40,
	} {
		got, err := parseSize(text)
		require.NoError(t, err, text)
		assert.Equal(t, want, got, text)
	}
	for _, text := range []string{"", "GiB", "-1", "1e30g", "NaN", "Inf", "8x", "8gg", "8 gib b", "8bi", "1 2"} {
		_, err := parseSize(text)
		assert.Error(t, err, text)
	}
}

func TestAvailable(t *testing.T) {
	dir := t.TempDir()
	self := filepath.Join(dir, "self")
	write := func(name, text string) {
		name = filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(name), 0o700))
		require.NoError(t, os.WriteFile(name, []byte(text), 0o600))
	}
	host := available("/nonexistent", dir)
	assert.Positive(t, host)

	write("self", "0::/a/b\n")
	assert.Equal(t, host, available(self, dir), "no limit files")
	write("a/b/memory.max", "max\n")
	assert.Equal(t, host, available(self, dir), "no limit")
	write("a/memory.max", "33554432\n")
	assert.Equal(t, int64(32<<20), available(self, dir), "an ancestor's limit binds")
	write("a/b/memory.max", "16777216\n")
	assert.Equal(t, int64(16<<20), available(self, dir))

	write("self", "4:cpu:/x\n9:memory:/y\n0::/\n")
	write("memory/y/memory.limit_in_bytes", "8388608\n")
	assert.Equal(t, int64(8<<20), available(self, dir), "version 1")
}
