package main

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// memory turns the --memory flag into bytes.
func memory(flag string) (int64, error) {
	if flag == "" {
		return available("/proc/self/cgroup", "/sys/fs/cgroup") / 4 * 3, nil
	}
	n, err := parseSize(flag)
	if err == nil && n < 64<<20 {
		err = fmt.Errorf("too small")
	}
	if err != nil {
		return 0, fmt.Errorf("--memory %q: expected a size of at least 64MiB, such as 8GiB", flag)
	}
	return n, nil
}

// parseSize reads a number with a binary unit (8GiB, 512m, 1.5G) or a decimal
// one (8GB); without a unit it counts bytes.
func parseSize(text string) (int64, error) {
	text = strings.ToLower(strings.TrimSpace(text))
	digits := strings.TrimRight(text, "kmgtib ")
	unit := strings.TrimSpace(text[len(digits):])
	scale, base := 1.0, 1024.0
	if len(unit) == 2 && unit[1] == 'b' {
		base = 1000
	}
	if unit != "" && unit != "b" {
		power := strings.IndexByte("kmgt", unit[0])
		if power < 0 || (unit[1:] != "" && unit[1:] != "b" && unit[1:] != "ib") {
			return 0, fmt.Errorf("unknown unit %q", unit)
		}
		for range power + 1 {
			scale *= base
		}
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || !(n >= 0 && n*scale < 1<<62) {
		return 0, fmt.Errorf("not a size: %q", text)
	}
	return int64(n * scale), nil
}

// available is the memory of the machine, or less where a cgroup that this
// process is in has a limit. The limit of every ancestor binds, too.
func available(self, mount string) int64 {
	var info unix.Sysinfo_t
	least := int64(1) << 40
	if unix.Sysinfo(&info) == nil {
		least = int64(uint64(info.Totalram) * uint64(info.Unit))
	}
	file, err := os.Open(self)
	if err != nil {
		return least
	}
	defer file.Close()
	for lines := bufio.NewScanner(file); lines.Scan(); { // id:controllers:path
		part := strings.SplitN(lines.Text(), ":", 3)
		if len(part) != 3 {
			continue
		}
		root, name := mount, "memory.max" // version 2
		if part[1] == "memory" {          // version 1
			root, name = filepath.Join(mount, "memory"), "memory.limit_in_bytes"
		} else if part[1] != "" {
			continue
		}
		for dir := filepath.Clean("/" + part[2]); ; dir = filepath.Dir(dir) {
			text, err := os.ReadFile(filepath.Join(root, dir, name))
			if limit, bad := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64); err == nil && bad == nil {
				least = min(least, limit)
			}
			if dir == "/" {
				break
			}
		}
	}
	return least
}
