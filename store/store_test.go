package store

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/engine/job"
)

var (
	_ engine.Repo = (*DB)(nil)
	_ job.Journal = (*DB)(nil)
)

// at is a moment that the tests can count from.
func at(second int) time.Time { return time.Unix(1_700_000_000+int64(second), 42) }

func openTest(t *testing.T, dir string) *DB {
	t.Helper()
	db, err := Open(dir)
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, db.Close()) })
	return db
}

// reopen closes db and opens its directory again, as a restart does.
func reopen(t *testing.T, dir string, work func(*DB)) *DB {
	t.Helper()
	db, err := Open(dir)
	require.NoError(t, err)
	work(db)
	require.NoError(t, db.Close())
	return openTest(t, dir)
}

func frameOf(key string, second int) engine.FrameRecord {
	return engine.FrameRecord{Key: key, File: fmt.Sprintf("%s-%d.arrow", key, second), Rows: 3, Cols: 2, Bytes: 99,
		Checksum: -7, Created: at(second), Durable: second%2 == 0}
}

func modelOf(key string, second int) engine.ModelRecord {
	return engine.ModelRecord{Key: key, File: fmt.Sprintf("%s-%d.model", key, second), Algo: "gbm", Category: "Binomial",
		Created: at(second), Bytes: 12}
}

func TestOpen_AwkwardPaths(t *testing.T) {
	for _, name := range []string{"plain", "with space", "quest?ion", "ha#sh", "per%20cent", "ünïcode", "a/b/c"} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), name)
			db := openTest(t, dir)
			require.NoError(t, db.SetSetting("a", "b"))
			assert.FileExists(t, filepath.Join(dir, fileName))
		})
	}
}

func TestOpen_Refuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))

	t.Run("ErrBelowAFile", func(t *testing.T) {
		_, err := Open(filepath.Join(file, "dir"))
		assert.ErrorContains(t, err, "cannot be created")
	})
	t.Run("ErrInUse", func(t *testing.T) {
		dir := t.TempDir()
		openTest(t, dir)
		_, err := Open(dir)
		require.Error(t, err)
		assert.ErrorContains(t, err, fmt.Sprintf("in use by process %d", os.Getpid()))
		assert.NotContains(t, err.Error(), "\n")
	})
	t.Run("ErrNotADatabase", func(t *testing.T) {
		dir := t.TempDir()
		require.NoError(t, os.WriteFile(filepath.Join(dir, fileName), []byte(strings.Repeat("no", 4096)), 0o600))
		_, err := Open(dir)
		assert.ErrorContains(t, err, "not a database")
		require.NoError(t, os.Remove(filepath.Join(dir, fileName)))
		openTest(t, dir) // the failed Open gave the directory back
	})
}

func TestOpenBeside(t *testing.T) {
	dir := t.TempDir()
	server := openTest(t, dir)
	require.NoError(t, server.JobStarted(job.Snapshot{Key: "j", State: job.Running}))

	beside, err := OpenBeside(dir)
	require.NoError(t, err)
	secret, err := beside.CreateKey("ci")
	require.NoError(t, err)
	require.NoError(t, beside.Close())

	ok, err := server.CheckKey(secret)
	require.NoError(t, err)
	assert.True(t, ok, "the server sees a key made beside it")
	jobs, err := server.Jobs()
	require.NoError(t, err)
	assert.Equal(t, job.Running, jobs[0].State, "jobs of the running server are left alone")
	_, err = Open(dir)
	assert.ErrorContains(t, err, "in use", "closing the second database keeps the first one's lock")
}

func TestFrames(t *testing.T) {
	dir := t.TempDir()
	key := "nfs://a b/ü$%2F\x00 " + strings.Repeat("k", 5000)
	db := reopen(t, dir, func(db *DB) {
		old, err := db.PutFrame(frameOf("b", 1))
		require.NoError(t, err)
		assert.Nil(t, old)
		_, err = db.PutFrame(frameOf(key, 2))
		require.NoError(t, err)
		_, err = db.PutFrame(frameOf("gone", 3))
		require.NoError(t, err)

		old, err = db.PutFrame(frameOf("b", 4))
		require.NoError(t, err)
		require.NotNil(t, old)
		assert.Equal(t, frameOf("b", 1), *old)
		require.NoError(t, db.DeleteFrame("gone"))
		require.NoError(t, db.DeleteFrame("never there"))
	})
	got, err := db.Frames()
	require.NoError(t, err)
	assert.Equal(t, []engine.FrameRecord{frameOf(key, 2), frameOf("b", 4)}, got)

	twice := frameOf("other", 4)
	twice.File = frameOf("b", 4).File
	_, err = db.PutFrame(twice)
	require.NoError(t, err)
	got, err = db.Frames()
	require.NoError(t, err)
	assert.Equal(t, []engine.FrameRecord{frameOf(key, 2), twice}, got, "a file belongs to one key")
}

func TestModels(t *testing.T) {
	dir := t.TempDir()
	db := reopen(t, dir, func(db *DB) {
		for i, key := range []string{"m2", "m1", "gone"} {
			old, err := db.PutModel(modelOf(key, i))
			require.NoError(t, err)
			assert.Nil(t, old)
		}
		old, err := db.PutModel(modelOf("m2", 9))
		require.NoError(t, err)
		assert.Equal(t, modelOf("m2", 0), *old)
		require.NoError(t, db.DeleteModel("gone"))
	})
	got, err := db.Models()
	require.NoError(t, err)
	assert.Equal(t, []engine.ModelRecord{modelOf("m1", 1), modelOf("m2", 9)}, got)
}

func TestResults(t *testing.T) {
	dir := t.TempDir()
	of := func(key, body string, second int) engine.ResultRecord {
		return engine.ResultRecord{Key: key, Kind: "plot", Body: []byte(body), Created: at(second)}
	}
	db := reopen(t, dir, func(db *DB) {
		for i, key := range []string{"b", "a", "gone"} {
			require.NoError(t, db.PutResult(of(key, "old", i)))
		}
		require.NoError(t, db.PutResult(of("b", "new\x00", 7)))
		require.NoError(t, db.DeleteResult("gone"))
		require.NoError(t, db.DeleteResult("never there"))
	})
	got, err := db.Results()
	require.NoError(t, err)
	assert.Equal(t, []engine.ResultRecord{{Key: "a", Kind: "plot", Created: at(1)}, {Key: "b", Kind: "plot", Created: at(7)}}, got)
	body, err := db.ResultBody("b")
	require.NoError(t, err)
	assert.Equal(t, "new\x00", string(body))
	_, err = db.ResultBody("gone")
	assert.Error(t, err)
	require.NoError(t, db.DeleteAll([]string{"a"}))
	got, err = db.Results()
	require.NoError(t, err)
	assert.Len(t, got, 1)
}

func TestKeyNamesOneObject(t *testing.T) {
	db := openTest(t, t.TempDir())
	_, err := db.PutFrame(frameOf("x", 1))
	require.NoError(t, err)
	_, err = db.PutModel(modelOf("x", 2))
	require.NoError(t, err)
	frames, err := db.Frames()
	require.NoError(t, err)
	assert.Empty(t, frames)
	_, err = db.PutFrame(frameOf("x", 3))
	require.NoError(t, err)
	models, err := db.Models()
	require.NoError(t, err)
	assert.Empty(t, models)

	count := func() (frames, models, results int) {
		f, err := db.Frames()
		require.NoError(t, err)
		m, err := db.Models()
		require.NoError(t, err)
		r, err := db.Results()
		require.NoError(t, err)
		return len(f), len(m), len(r)
	}
	for _, tc := range []struct {
		name                    string
		put                     func() error
		frames, models, results int
	}{
		{"result over frame", func() error { return db.PutResult(engine.ResultRecord{Key: "x", Body: []byte{1}}) }, 0, 0, 1},
		{"frame over result", func() error { _, err := db.PutFrame(frameOf("x", 4)); return err }, 1, 0, 0},
		{"result again", func() error { return db.PutResult(engine.ResultRecord{Key: "x", Body: []byte{2}}) }, 0, 0, 1},
		{"model over result", func() error { _, err := db.PutModel(modelOf("x", 5)); return err }, 0, 1, 0},
		{"result over model", func() error { return db.PutResult(engine.ResultRecord{Key: "x", Body: []byte{3}}) }, 0, 0, 1},
	} {
		require.NoError(t, tc.put(), tc.name)
		f, m, r := count()
		assert.Equal(t, []int{tc.frames, tc.models, tc.results}, []int{f, m, r}, tc.name)
	}
}

func TestDeleteAll(t *testing.T) {
	for _, tc := range []struct {
		name           string
		retain         []string
		frames, models int
	}{
		{"all", nil, 0, 0},
		{"keep one of each", []string{"f1", "m0", "unknown", "f1"}, 1, 1},
		{"keep awkward names", []string{"'; DROP TABLE frame; --"}, 0, 0},
	} {
		t.Run(tc.name, func(t *testing.T) {
			db := openTest(t, t.TempDir())
			for i := range 3 {
				_, err := db.PutFrame(frameOf(fmt.Sprint("f", i), i))
				require.NoError(t, err)
				_, err = db.PutModel(modelOf(fmt.Sprint("m", i), i))
				require.NoError(t, err)
			}
			require.NoError(t, db.JobStarted(job.Snapshot{Key: "j", State: job.Running}))
			require.NoError(t, db.DeleteAll([]string{"f0"}), "an earlier call leaves nothing behind")
			require.NoError(t, db.DeleteAll(tc.retain))
			for _, key := range tc.retain {
				if key == "f1" {
					_, err := db.PutFrame(frameOf(key, 8)) // the first call removed it
					require.NoError(t, err)
				}
			}
			require.NoError(t, db.DeleteAll(tc.retain))
			frames, err := db.Frames()
			require.NoError(t, err)
			assert.Len(t, frames, tc.frames)
			models, err := db.Models()
			require.NoError(t, err)
			assert.Len(t, models, 0)
			jobs, err := db.Jobs()
			require.NoError(t, err)
			assert.Len(t, jobs, 1)
		})
	}
}

func TestSettings(t *testing.T) {
	dir := t.TempDir()
	db := reopen(t, dir, func(db *DB) {
		_, ok, err := db.Setting("zone")
		require.NoError(t, err)
		assert.False(t, ok)
		require.NoError(t, db.SetSetting("zone", "UTC"))
		require.NoError(t, db.SetSetting("zone", ""))
	})
	value, ok, err := db.Setting("zone")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Empty(t, value)
}

func TestSynchronous(t *testing.T) {
	db := openTest(t, t.TempDir())
	level := func() (n int) {
		require.NoError(t, db.conn.QueryRowContext(t.Context(), `PRAGMA synchronous`).Scan(&n))
		return n
	}
	_, err := db.PutFrame(frameOf("durable", 2))
	require.NoError(t, err)
	assert.Equal(t, 2, level(), "FULL")
	_, err = db.PutFrame(frameOf("quick", 1))
	require.NoError(t, err)
	assert.Equal(t, 1, level(), "NORMAL")
	_, err = db.PutModel(modelOf("m", 1))
	require.NoError(t, err)
	assert.Equal(t, 2, level(), "models are always durable")
}

func TestConcurrentReadersAndWriters(t *testing.T) {
	db := openTest(t, t.TempDir())
	const writers, each = 3, 40
	stop := make(chan struct{})
	var reading, writing sync.WaitGroup
	for range 6 {
		reading.Go(func() {
			for seen := 0; ; {
				frames, err := db.Frames()
				if !assert.NoError(t, err) || !assert.GreaterOrEqual(t, len(frames), seen) {
					return
				}
				seen = len(frames)
				select {
				case <-stop:
					return
				default:
				}
			}
		})
	}
	for w := range writers {
		writing.Go(func() {
			for i := range each {
				key := fmt.Sprintf("w%d-%d", w, i)
				_, err := db.PutFrame(frameOf(key, 2*i+1))
				assert.NoError(t, err)
				assert.NoError(t, db.JobStarted(job.Snapshot{Key: key, State: job.Running}))
				assert.NoError(t, db.JobEnded(job.Snapshot{Key: key, State: job.Done}))
			}
		})
	}
	writing.Wait()
	close(stop)
	reading.Wait()
	frames, err := db.Frames()
	require.NoError(t, err)
	assert.Len(t, frames, writers*each)
}
