package main

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"github.com/spf13/viper"
)

// h2oVersion is what the server says it is unless --h2o-version says otherwise:
// clients ask for the version that they are.
const h2oVersion = "3.46.0.12"

// config is what the flags, the environment and the config file say together.
type config struct {
	address     string
	port        int
	h2oVersion  string
	dataDir     string
	memory      int64 // bytes
	threads     int   // 0: all cores
	importRoots []string
	exportRoots []string
	backend     string
	logLevel    slog.Level
	profile     string
}

// serveFlags declares the settings; each is also the variable GEYSER_NAME, with
// - as _, and a name in the config file.
func serveFlags(f *pflag.FlagSet) {
	f.String("address", "127.0.0.1", "address to listen on; beyond loopback every request needs an API key")
	f.Int("port", 54321, "port to listen on, 0 for any free one")
	f.String("h2o-version", h2oVersion, "version that clients are told")
	commonFlags(f)
	f.String("memory", "", "memory to use, such as 8GiB (default 75 % of what the machine or its cgroup has)")
	f.Int("threads", 0, "worker threads, 0 for one per core")
	f.StringArray("import-root", nil, "directory to import files from, repeatable (default on loopback: home, working and temporary directory; else none)")
	f.StringArray("export-root", nil, "directory to export files to, repeatable (default on loopback: export in the data directory, and the temporary directory; else none)")
	f.String("backend", "auto", "kernel tier: auto, which takes a GPU for large trainings where there is one, or one that must be there: cuda, cuda:0 …, cpu, native, native:avx2, native:avx512, native:generic, go")
	f.String("log-level", "info", "debug, info, warn or error")
	f.String("profile", "", "write a profile of this run into the working directory: cpu, mem or trace")
}

// commonFlags declares the settings that every command has.
func commonFlags(f *pflag.FlagSet) {
	f.String("data-dir", defaultDataDir(), "directory that holds everything")
	f.String("config", "", "config file in YAML, TOML or JSON, with settings named as the flags of serve")
}

// defaultDataDir is below the user's home, or below the working directory
// where there is no home.
func defaultDataDir() string {
	if dir := os.Getenv("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return filepath.Join(dir, "geyser")
	}
	if home, err := os.UserHomeDir(); err == nil && home != "" {
		return filepath.Join(home, ".local", "share", "geyser")
	}
	return "geyser-data"
}

// settings joins the flags of cmd with the environment and the config file; a
// flag beats the environment, which beats the file.
func settings(cmd *cobra.Command) (*viper.Viper, error) {
	v := viper.New()
	v.SetEnvPrefix("GEYSER")
	v.SetEnvKeyReplacer(strings.NewReplacer("-", "_"))
	v.AutomaticEnv()
	if err := v.BindPFlags(cmd.Flags()); err != nil {
		return nil, err
	}
	if file := v.GetString("config"); file != "" {
		v.SetConfigFile(file)
		if err := v.ReadInConfig(); err != nil {
			return nil, fmt.Errorf("config file %s cannot be read: %w", file, err)
		}
		known := pflag.NewFlagSet("", pflag.ContinueOnError)
		serveFlags(known)
		for _, name := range v.AllKeys() {
			if known.Lookup(name) == nil && cmd.Flags().Lookup(name) == nil {
				return nil, fmt.Errorf("config file %s: unknown setting %q: the settings are named as the flags of geyser serve", file, name)
			}
		}
	}
	return v, nil
}

// dataDir is the absolute path of the data directory that cmd is asked to use.
func dataDir(v *viper.Viper) (string, error) {
	dir := v.GetString("data-dir")
	if dir == "" {
		return "", fmt.Errorf("--data-dir is empty: name a directory")
	}
	return filepath.Abs(dir)
}

func serveConfig(cmd *cobra.Command) (config, error) {
	v, err := settings(cmd)
	if err != nil {
		return config{}, err
	}
	c := config{
		address:     v.GetString("address"),
		port:        v.GetInt("port"),
		h2oVersion:  v.GetString("h2o-version"),
		threads:     v.GetInt("threads"),
		backend:     v.GetString("backend"),
		profile:     v.GetString("profile"),
		importRoots: paths(v, "import-root"),
		exportRoots: paths(v, "export-root"),
	}
	if c.dataDir, err = dataDir(v); err != nil {
		return c, err
	}
	if c.memory, err = memory(v.GetString("memory")); err != nil {
		return c, err
	}
	if err := c.logLevel.UnmarshalText([]byte(v.GetString("log-level"))); err != nil {
		return c, fmt.Errorf("--log-level %q: expected debug, info, warn or error", v.GetString("log-level"))
	}
	if c.port < 0 || c.port > 65535 {
		return c, fmt.Errorf("--port %d: expected 0 to 65535", c.port)
	}
	if c.threads < 0 {
		return c, fmt.Errorf("--threads %d: expected 0 for one per core, or more", c.threads)
	}
	if !slices.Contains([]string{"", "cpu", "mem", "trace"}, c.profile) {
		return c, fmt.Errorf("--profile %q: expected cpu, mem or trace", c.profile)
	}
	if c.loopback() {
		c.defaultRoots()
	}
	return c, nil
}

// paths reads a list of directories: a flag given several times, a list in the
// config file, or a variable with entries between colons, as PATH has.
func paths(v *viper.Viper, name string) []string {
	if joined, ok := v.Get(name).(string); ok {
		return filepath.SplitList(joined)
	}
	return v.GetStringSlice(name)
}

// defaultRoots opens what the user of this machine can reach anyway.
func (c *config) defaultRoots() {
	if len(c.importRoots) == 0 {
		c.importRoots = []string{os.TempDir()}
		if home, err := os.UserHomeDir(); err == nil && home != "" {
			c.importRoots = append(c.importRoots, home)
		}
		if dir, err := os.Getwd(); err == nil {
			c.importRoots = append(c.importRoots, dir)
		}
	}
	if len(c.exportRoots) == 0 {
		c.exportRoots = []string{filepath.Join(c.dataDir, "export"), os.TempDir()}
	}
}

// loopback reports whether only this machine can connect.
func (c *config) loopback() bool {
	ip := net.ParseIP(c.address)
	return c.address == "localhost" || ip != nil && ip.IsLoopback()
}
