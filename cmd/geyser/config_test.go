package main

import (
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/spf13/cobra"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// configure reads the settings of one command line of serve.
func configure(t *testing.T, args ...string) (config, error) {
	t.Helper()
	var got config
	cmd := &cobra.Command{Use: "serve", SilenceErrors: true, SilenceUsage: true}
	serveFlags(cmd.Flags())
	cmd.RunE = func(cmd *cobra.Command, _ []string) (err error) {
		got, err = serveConfig(cmd)
		return err
	}
	cmd.SetArgs(args)
	return got, cmd.Execute()
}

func TestServeConfig_Defaults(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	t.Setenv("XDG_DATA_HOME", "")
	c, err := configure(t)
	require.NoError(t, err)
	wd, err := os.Getwd()
	require.NoError(t, err)
	data := filepath.Join(home, ".local", "share", "geyser")
	assert.Positive(t, c.memory)
	c.memory = 0
	assert.Equal(t, config{
		address: "127.0.0.1", port: 54321, h2oVersion: "3.46.0.12", dataDir: data, backend: "auto", logLevel: slog.LevelInfo,
		importRoots: []string{os.TempDir(), home, wd},
		exportRoots: []string{filepath.Join(data, "export"), os.TempDir()},
	}, c)
}

func TestServeConfig_NoHome(t *testing.T) {
	t.Setenv("HOME", "")
	t.Setenv("XDG_DATA_HOME", "")
	c, err := configure(t)
	require.NoError(t, err)
	wd, err := os.Getwd()
	require.NoError(t, err)
	assert.Equal(t, filepath.Join(wd, "geyser-data"), c.dataDir)
	assert.Equal(t, []string{os.TempDir(), wd}, c.importRoots)
}

func TestServeConfig_Sources(t *testing.T) {
	file := filepath.Join(t.TempDir(), "geyser.yaml")
	require.NoError(t, os.WriteFile(file, []byte("port: 1\nthreads: 1\nlog-level: warn\nimport-root: [/a b, /c]\n"), 0o600))
	t.Setenv("GEYSER_THREADS", "2")
	t.Setenv("GEYSER_LOG_LEVEL", "error")
	t.Setenv("GEYSER_EXPORT_ROOT", "/d e:/f")
	c, err := configure(t, "--config", file, "--log-level", "debug", "--memory", "1GiB")
	require.NoError(t, err)
	assert.Equal(t, 1, c.port, "from the file")
	assert.Equal(t, 2, c.threads, "the environment beats the file")
	assert.Equal(t, slog.LevelDebug, c.logLevel, "a flag beats both")
	assert.Equal(t, []string{"/a b", "/c"}, c.importRoots)
	assert.Equal(t, []string{"/d e", "/f"}, c.exportRoots)
	assert.Equal(t, int64(1<<30), c.memory)

	c, err = configure(t, "--import-root", "/x,y", "--import-root", "/z")
	require.NoError(t, err)
	assert.Equal(t, []string{"/x,y", "/z"}, c.importRoots)
}

func TestServeConfig_BeyondLoopback(t *testing.T) {
	for address, loopback := range map[string]bool{
		"127.0.0.1": true, "127.8.9.1": true, "::1": true, "localhost": true,
		"0.0.0.0": false, "::": false, "10.0.0.1": false, "example.org": false, "": false,
	} {
		c, err := configure(t, "--address", address)
		require.NoError(t, err)
		assert.Equal(t, loopback, c.loopback(), address)
		assert.Equal(t, loopback, len(c.importRoots) > 0, "no roots are open beyond loopback unless named: %s", address)
		assert.Equal(t, loopback, len(c.exportRoots) > 0)
	}
}

func TestServeConfig_Errors(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "bad.yaml")
	require.NoError(t, os.WriteFile(bad, []byte("prot: 1\n"), 0o600))
	for _, tc := range []struct{ name, want, args string }{
		{"ErrPort", "expected 0 to 65535", "--port 65536"},
		{"ErrThreads", "--threads -1", "--threads -1"},
		{"ErrLevel", "expected debug, info, warn or error", "--log-level loud"},
		{"ErrProfile", "expected cpu, mem or trace", "--profile gpu"},
		{"ErrMemory", "such as 8GiB", "--memory lots"},
		{"ErrLittleMemory", "at least 64MiB", "--memory 1MiB"},
		{"ErrDataDir", "--data-dir is empty", "--data-dir="},
		{"ErrConfigMissing", "cannot be read", "--config /nonexistent/geyser.yaml"},
		{"ErrConfigSetting", `unknown setting "prot"`, "--config " + bad},
	} {
		t.Run(tc.name, func(t *testing.T) {
			_, err := configure(t, strings.Split(tc.args, " ")...)
			assert.ErrorContains(t, err, tc.want)
		})
	}
}
