package main

import (
	"errors"
	"fmt"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/geyser-ml/geyser/store"
)

// keysCommand manages API keys, also beside a running server, which sees a
// change with the next request.
func keysCommand() *cobra.Command {
	keys := &cobra.Command{
		Use:   "keys",
		Short: "Create, list and revoke API keys",
		Args:  cobra.NoArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	commonFlags(keys.PersistentFlags())
	keys.AddCommand(
		&cobra.Command{
			Use:   "create NAME",
			Short: "Create a key for a person or program and print its secret, once",
			Args:  cobra.ExactArgs(1),
			RunE: withStore(func(cmd *cobra.Command, db *store.DB, args []string) error {
				secret, err := db.CreateKey(args[0])
				if err != nil {
					return err
				}
				_, err = fmt.Fprintln(cmd.OutOrStdout(), secret)
				return err
			}),
		},
		&cobra.Command{
			Use:   "list",
			Short: "List the keys",
			Args:  cobra.NoArgs,
			RunE: withStore(func(cmd *cobra.Command, db *store.DB, _ []string) error {
				all, err := db.Keys()
				if err != nil {
					return err
				}
				w := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
				fmt.Fprintln(w, "ID\tNAME\tCREATED\tLAST USED\tREVOKED")
				for _, k := range all {
					fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.ID, k.Name, day(k.Created), day(k.LastUsed), day(k.Revoked))
				}
				return w.Flush()
			}),
		},
		&cobra.Command{
			Use:   "revoke ID",
			Short: "Close the server to a key",
			Args:  cobra.ExactArgs(1),
			RunE: withStore(func(_ *cobra.Command, db *store.DB, args []string) error {
				return db.RevokeKey(args[0])
			}),
		},
	)
	return keys
}

// withStore opens the database of the data directory around work.
func withStore(work func(*cobra.Command, *store.DB, []string) error) func(*cobra.Command, []string) error {
	return func(cmd *cobra.Command, args []string) error {
		v, err := settings(cmd)
		if err != nil {
			return err
		}
		dir, err := dataDir(v)
		if err != nil {
			return err
		}
		db, err := store.OpenBeside(dir)
		if err != nil {
			return err
		}
		return errors.Join(work(cmd, db, args), db.Close())
	}
}

func day(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.Format("2006-01-02 15:04")
}
