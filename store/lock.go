package store

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// dirLock is the claim of one process on a data directory. The kernel drops
// it when the process ends, however it ends.
type dirLock struct{ file *os.File }

// busyError says that another process holds the directory.
type busyError struct{ dir, pid string }

func (e *busyError) Error() string {
	who := "another process"
	if e.pid != "" {
		who = "process " + e.pid
	}
	return fmt.Sprintf("data directory %s is in use by %s: stop it, or choose another --data-dir", e.dir, who)
}

// lockDir claims dir, or fails with a *busyError.
func lockDir(dir string) (*dirLock, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("data directory %s is not writable: %w", dir, cause(err))
	}
	if err := unix.Flock(int(file.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		pid, _ := io.ReadAll(io.LimitReader(file, 32)) // only to name the other process
		err = errors.Join(err, file.Close())
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, &busyError{dir: dir, pid: strings.TrimSpace(string(pid))}
		}
		return nil, fmt.Errorf("data directory %s cannot be locked: %w", dir, err)
	}
	if err := file.Truncate(0); err == nil {
		_, err = fmt.Fprintln(file, os.Getpid())
		if err != nil {
			return nil, errors.Join(fmt.Errorf("data directory %s is not writable: %w", dir, cause(err)), file.Close())
		}
	}
	return &dirLock{file}, nil
}

// release gives the directory back; a nil lock holds none.
func (l *dirLock) release() error {
	if l == nil {
		return nil
	}
	return l.file.Close()
}
