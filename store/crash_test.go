package store

import (
	"bufio"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/job"
)

// crashDir makes the test binary the process that is killed.
const crashDir = "GEYSER_STORE_TEST_CRASH_DIR"

func TestMain(m *testing.M) {
	if dir := os.Getenv(crashDir); dir != "" {
		if err := writeUntilKilled(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

// writeUntilKilled publishes objects without end and prints the number of
// each round when its last write has returned.
func writeUntilKilled(dir string) error {
	db, err := Open(dir)
	if err != nil {
		return err
	}
	jobs, err := db.Jobs()
	if err != nil {
		return err
	}
	for i := len(jobs); ; i++ {
		key := fmt.Sprint("round", i)
		s := job.Snapshot{Key: key, State: job.Running, Created: at(i), Started: at(i)}
		if err := db.JobStarted(s); err != nil {
			return err
		}
		if _, err := db.PutFrame(frameOf(key, i)); err != nil {
			return err
		}
		if _, err := db.PutFrame(frameOf("reused", i)); err != nil {
			return err
		}
		if _, err := db.PutModel(modelOf("m"+key, i)); err != nil {
			return err
		}
		s.State, s.Ended = job.Done, at(i)
		if err := db.JobEnded(s); err != nil {
			return err
		}
		fmt.Println(i)
	}
}

// TestKilled ends a writing process with SIGKILL at random moments: what had
// returned is there and whole, what had not is there whole or not at all.
func TestKilled(t *testing.T) {
	dir := t.TempDir()
	random := rand.New(rand.NewPCG(1, 2))
	acknowledged := -1
	for range 6 {
		child := exec.Command(os.Args[0], "-test.run=^$")
		child.Env = append(os.Environ(), crashDir+"="+dir)
		child.Stderr = os.Stderr
		out, err := child.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, child.Start())
		lines := bufio.NewScanner(out)
		for range 5 + random.IntN(40) {
			require.True(t, lines.Scan(), "the writing process ended by itself")
			_, err := fmt.Sscan(lines.Text(), &acknowledged)
			require.NoError(t, err)
		}
		require.NoError(t, child.Process.Kill())
		for lines.Scan() { // written between the last line that was read and the kill
			if _, err := fmt.Sscan(lines.Text(), &acknowledged); err != nil {
				break // the last line may be cut
			}
		}
		require.Error(t, child.Wait())
		checkAfterKill(t, dir, acknowledged)
	}
}

func checkAfterKill(t *testing.T, dir string, acknowledged int) {
	t.Helper()
	db, err := Open(dir)
	require.NoError(t, err)
	defer func() { require.NoError(t, db.Close()) }()
	var verdict string
	require.NoError(t, db.conn.QueryRowContext(context.Background(), `PRAGMA integrity_check`).Scan(&verdict))
	require.Equal(t, "ok", verdict)

	frames, err := db.Frames()
	require.NoError(t, err)
	models, err := db.Models()
	require.NoError(t, err)
	jobs, err := db.Jobs()
	require.NoError(t, err)

	found := map[string]bool{}
	reused := -1
	for _, f := range frames {
		var i int
		if f.Key == "reused" {
			_, err = fmt.Sscanf(f.File, "reused-%d.arrow", &reused)
			i = reused
		} else {
			_, err = fmt.Sscanf(f.Key, "round%d", &i)
		}
		require.NoError(t, err)
		require.Equal(t, frameOf(f.Key, i), f)
		found[f.Key] = true
	}
	for _, m := range models {
		var i int
		_, err := fmt.Sscanf(m.Key, "mround%d", &i)
		require.NoError(t, err)
		require.Equal(t, modelOf(m.Key, i), m)
		found[m.Key] = true
	}
	done := map[string]bool{}
	for _, s := range jobs {
		require.Contains(t, []job.State{job.Done, job.Failed}, s.State, "no job is left running")
		if s.State == job.Failed {
			require.Equal(t, "server restarted", s.Err)
		}
		done[s.Key] = s.State == job.Done
		if done[s.Key] {
			require.True(t, found[s.Key] && found["m"+s.Key], "%s is done, so its frame and model are there", s.Key)
		}
	}
	require.GreaterOrEqual(t, reused+1, len(done)-1)
	for i := range acknowledged + 1 {
		key := fmt.Sprint("round", i)
		if !found[key] || !found["m"+key] {
			// A round that an earlier kill cut off has a failed job and may lack either.
			require.False(t, done[key], "%s was acknowledged", key)
		}
	}
	require.True(t, done[fmt.Sprint("round", acknowledged)])
}
