package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"syscall"
	"time"

	"github.com/pkg/profile"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/spf13/cobra"

	"github.com/geyser-ml/geyser/api"
	"github.com/geyser-ml/geyser/api/h2o"
	"github.com/geyser-ml/geyser/engine"
	"github.com/geyser-ml/geyser/kernels/par"
	"github.com/geyser-ml/geyser/store"
)

const (
	logLines = 10_000           // what /3/Logs can show
	grace    = 10 * time.Second // for running requests and jobs when the server ends
)

func serveCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Run the server",
		Long: `Run the server until SIGTERM, SIGINT or POST /3/Shutdown.

Each flag is also the environment variable GEYSER_NAME, with - as _, and a setting
in the --config file. A flag beats the environment, which beats the file.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cfg, err := serveConfig(cmd)
			if err != nil {
				return err
			}
			return serve(cmd.Context(), cfg, cmd.OutOrStdout(), cmd.ErrOrStderr())
		},
	}
	serveFlags(cmd.Flags())
	return cmd
}

// serve joins store, engine and API, and runs until ctx ends or a client asks
// for the end.
func serve(ctx context.Context, cfg config, stdout, stderr io.Writer) (err error) {
	if cfg.profile != "" {
		kinds := map[string]func(*profile.Profile){"cpu": profile.CPUProfile, "mem": profile.MemProfile, "trace": profile.TraceProfile}
		defer profile.Start(kinds[cfg.profile], profile.ProfilePath("."), profile.NoShutdownHook, profile.Quiet).Stop()
	}
	debug.SetMemoryLimit(cfg.memory)
	if os.Getenv("GOGC") == "" {
		// Why: nearly all of the heap is long rows of numbers, which cost nothing to
		// mark; the usual half of it as garbage is what costs. A quarter of a small heap
		// would be collected all the time: what is never touched takes no memory, and
		// counts as heap.
		debug.SetGCPercent(25)
		ballast := make([]byte, min(16<<20, cfg.memory/16))
		defer runtime.KeepAlive(ballast)
	}
	par.Spare(1)
	ring := api.NewRing(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: cfg.logLevel}), logLines)
	log := slog.New(ring)

	db, err := store.Open(cfg.dataDir)
	if err != nil {
		return err
	}
	defer closing(&err, db.Close)
	check, err := keyCheck(cfg, db, log)
	if err != nil {
		return err
	}
	ln, err := listen(cfg)
	if err != nil {
		return err
	}
	eng, err := engine.Open(engine.Config{
		DataDir: cfg.dataDir, Memory: cfg.memory, Threads: cfg.threads, Backend: cfg.backend,
		ImportRoots: cfg.importRoots, ExportRoots: cfg.exportRoots,
		Repo: db, Journal: db, Version: version, Log: log, Now: time.Now,
	})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	defer closing(&err, func() error {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
		defer cancel()
		return eng.Close(ctx)
	})

	ctx, shutdown := context.WithCancel(ctx)
	defer shutdown()
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	server := api.New(api.Options{Log: log, CheckKey: check, Metrics: registry, Diagnose: eng.Diagnose})
	server.Mount(h2o.New(h2o.Options{
		Engine: eng, Log: log, Ring: ring, Version: cfg.h2oVersion, Address: ln.Addr().String(), Shutdown: shutdown,
	}))

	served := make(chan error, 1)
	go func() { served <- server.Serve(ln) }()
	go debug.FreeOSMemory() // of the start
	fmt.Fprintf(stdout, "serving http://%s, data in %s\n", ln.Addr(), cfg.dataDir)
	log.Info("serving", "address", ln.Addr().String(), "data", cfg.dataDir, "version", version, "memory", cfg.memory)
	select {
	case err := <-served:
		return err
	case <-ctx.Done():
	}
	log.Info("stopping")
	wait, cancel := context.WithTimeout(context.WithoutCancel(ctx), grace)
	defer cancel()
	if err := server.Shutdown(wait); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	// Why: a server that has not begun to serve does not notice Shutdown; it does notice this.
	if err := ln.Close(); err != nil && !errors.Is(err, net.ErrClosed) {
		return err
	}
	return <-served
}

// closing adds what closing something returns to *err.
func closing(err *error, f func() error) { *err = errors.Join(*err, f()) }

// keyCheck returns how requests prove that they may: by a key where others
// than this machine's users can connect, else not at all.
func keyCheck(cfg config, db *store.DB, log *slog.Logger) (func(secret string) bool, error) {
	if cfg.loopback() {
		return nil, nil
	}
	keys, err := db.Keys()
	if err != nil {
		return nil, err
	}
	valid := 0
	for _, k := range keys {
		if k.Revoked.IsZero() {
			valid++
		}
	}
	if valid == 0 {
		return nil, fmt.Errorf("--address %s is open to other machines and there is no API key: make one with geyser keys create NAME --data-dir %s, or stay on 127.0.0.1",
			cfg.address, cfg.dataDir)
	}
	return func(secret string) bool {
		ok, err := db.CheckKey(secret)
		if err != nil {
			log.Error("API key not checked", "err", err)
		}
		return ok
	}, nil
}

func listen(cfg config) (net.Listener, error) {
	ln, err := net.Listen("tcp", net.JoinHostPort(cfg.address, strconv.Itoa(cfg.port)))
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("port %d on %s is taken: stop what uses it, or choose another --port", cfg.port, cfg.address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("--address %s is not an address of this machine", cfg.address)
	case err != nil:
		return nil, fmt.Errorf("cannot listen on %s port %d: %w", cfg.address, cfg.port, err)
	}
	return ln, nil
}
