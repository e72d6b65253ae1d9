package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/geyser-ml/geyser/engine"
)

// doctorCommand shows what the engine finds on this machine.
func doctorCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "doctor",
		Short: "Tell what this machine offers: processors, kernel tiers, libraries, memory, disk",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			v, err := settings(cmd)
			if err != nil {
				return err
			}
			dir, err := dataDir(v)
			if err != nil {
				return err
			}
			limit, err := memory("")
			if err != nil {
				return err
			}
			engine.OpenDevices()
			d := engine.Machine(version, existing(dir))
			w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
			fmt.Fprintf(w, "geyser\t%s, built with %s\n", d.Version, d.GoVersion)
			fmt.Fprintf(w, "processors\t%d, features %s\n", d.CPUs, strings.Join(d.CPUFeatures, " "))
			for _, t := range append(d.Tiers, d.XGBoost) {
				found := "found"
				if !t.Available {
					found = "not found"
				}
				fmt.Fprintf(w, "%s\t%s: %s\n", t.Name, found, t.Detail)
			}
			for _, x := range d.Devices {
				if x.Fault == "" {
					fmt.Fprintf(w, "%s memory\t%s free of %s\n", x.Name, size(x.Free), size(x.Memory))
				}
				if x.Dense != "" {
					fmt.Fprintf(w, "%s layers\tby %s\n", x.Name, x.Dense)
				}
			}
			fmt.Fprintf(w, "large trainings\ton %s\n", d.Kernels)
			fmt.Fprintf(w, "memory\t%s to use\n", size(limit))
			fmt.Fprintf(w, "disk\t%s free of %s for %s\n", size(d.DiskFree), size(d.DiskTotal), dir)
			return w.Flush()
		},
	}
	commonFlags(cmd.Flags())
	return cmd
}

// existing is dir, or the directory in which it would be made.
func existing(dir string) string {
	for {
		if _, err := os.Stat(dir); err == nil || dir == filepath.Dir(dir) {
			return dir
		}
		dir = filepath.Dir(dir)
	}
}

// size writes bytes in the unit that people read best.
func size(n int64) string {
	value, units := float64(n), []string{"B", "KiB", "MiB", "GiB", "TiB"}
	for len(units) > 1 && value >= 1024 {
		value, units = value/1024, units[1:]
	}
	return fmt.Sprintf("%.1f %s", value, units[0])
}
