package store

import (
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// released returns the migrations of this build with more steps.
func released(t *testing.T, more map[string]string) fstest.MapFS {
	t.Helper()
	dir := fstest.MapFS{}
	names, err := fs.Glob(migrationFiles, "migration/*.sql")
	require.NoError(t, err)
	for _, name := range names {
		text, err := fs.ReadFile(migrationFiles, name)
		require.NoError(t, err)
		dir[filepath.Base(name)] = &fstest.MapFile{Data: text}
	}
	for name, text := range more {
		dir[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return dir
}

func TestMigrate(t *testing.T) {
	const second, third = "0003_b.sql", "0004_c.sql"
	for _, tc := range []struct {
		name       string
		first      map[string]string // steps of the build that wrote the directory
		then       map[string]string // steps of the build that opens it
		readOnly   bool
		err        string
		applied    int
		tableFound string
	}{
		{name: "nothing new", applied: 2},
		{name: "one more", then: map[string]string{second: `CREATE TABLE b (x)`}, applied: 3, tableFound: "b"},
		{name: "two more", then: map[string]string{second: `CREATE TABLE b (x)`, third: `CREATE TABLE c (x)`}, applied: 4, tableFound: "c"},
		{name: "ErrEdited", first: map[string]string{second: `CREATE TABLE b (x)`}, then: map[string]string{second: `CREATE TABLE b (y)`},
			err: "another version of migration 0003_b.sql", applied: 3},
		{name: "ErrNewer", first: map[string]string{second: `CREATE TABLE b (x)`}, err: "newer geyser: it has schema 3, this one knows 2", applied: 3},
		{name: "ErrGap", then: map[string]string{third: ``}, err: "expected number 0003", applied: 2},
		{name: "ErrNumber", then: map[string]string{"b_2.sql": ``}, err: "expected number 0003", applied: 2},
		{name: "ErrSyntax", then: map[string]string{second: `CREATE TABLE b (x); CREATE TABEL`}, err: "0003_b.sql", applied: 2},
		{name: "ErrOlderInUse", then: map[string]string{second: `CREATE TABLE b (x)`}, readOnly: true, err: "older schema and is in use", applied: 2},
	} {
		t.Run(tc.name, func(t *testing.T) {
			db := openTest(t, t.TempDir())
			require.NoError(t, db.migrate(released(t, tc.first), true))
			err := db.migrate(released(t, tc.then), !tc.readOnly)
			if tc.err == "" {
				require.NoError(t, err)
			} else {
				require.ErrorContains(t, err, tc.err)
			}
			sums, err := db.applied()
			require.NoError(t, err)
			assert.Len(t, sums, tc.applied)
			var found int
			require.NoError(t, db.read.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name = ?`, tc.tableFound).Scan(&found))
			assert.Equal(t, tc.tableFound != "", found == 1)
			if tc.name == "ErrSyntax" {
				require.NoError(t, db.read.QueryRow(`SELECT count(*) FROM sqlite_schema WHERE name = 'b'`).Scan(&found))
				assert.Zero(t, found, "a failed step leaves nothing")
			}
		})
	}
}

// TestMigrate_EveryEarlierSchema opens a directory that stopped at each step.
func TestMigrate_EveryEarlierSchema(t *testing.T) {
	all, err := fs.Glob(migrationFiles, "migration/*.sql")
	require.NoError(t, err)
	for n := range all {
		t.Run(filepath.Base(all[n]), func(t *testing.T) {
			dir := t.TempDir()
			earlier := released(t, nil)
			for _, later := range all[n+1:] {
				delete(earlier, filepath.Base(later))
			}
			lock, err := lockDir(dir)
			require.NoError(t, err)
			old, err := connect(filepath.Join(dir, fileName), lock)
			require.NoError(t, err)
			require.NoError(t, old.migrate(earlier, true))
			require.NoError(t, old.Close())

			db := openTest(t, dir)
			sums, err := db.applied()
			require.NoError(t, err)
			assert.Len(t, sums, len(all))
			_, err = db.PutFrame(frameOf("f", 1))
			assert.NoError(t, err)
		})
	}
}

// TestReleasedMigrations pins the checksums: a changed step would lock out
// every data directory that has it.
func TestReleasedMigrations(t *testing.T) {
	dir, err := fs.Sub(migrationFiles, "migration")
	require.NoError(t, err)
	all, err := migrations(dir)
	require.NoError(t, err)
	var got string
	for _, m := range all {
		got += m.checksum + "  " + m.name + "\n"
	}
	want, err := os.ReadFile("testdata/migrations.sha256")
	require.NoError(t, err)
	assert.Equal(t, string(want), got, "add a step instead of changing one; sha256sum migration/*.sql makes the lines")
}
