// Package store keeps the server's records in one sqlite file: which frames
// and models exist and in which files their bulk lies, which jobs ran and how
// they ended, named settings, and the hashes of API keys. Bulk data never
// enters it.
//
// A data directory belongs to one process at a time. One connection writes,
// a small pool reads beside it (write-ahead log). Every write is one
// transaction: after a kill -9 a committed one is there and an uncommitted
// one is not. Records that must also outlive a power loss are committed with
// synchronous=FULL, which puts the log, with all that was committed before,
// on disk before the commit returns.
package store
