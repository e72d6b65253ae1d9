package catalog

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/geyser-ml/geyser/engine/errs"
)

type frame struct{ rows int }

type model interface{ train() }

func at(sec int64) time.Time { return time.Unix(sec, 0) }

func keys(entries []Entry) []string {
	out := []string{}
	for _, e := range entries {
		out = append(out, e.Key)
	}
	return out
}

func TestGet(t *testing.T) {
	c := New()
	require.NoError(t, c.Put(Entry{Key: "f", Kind: "frame", Value: &frame{3}}))

	f, err := Get[*frame](c, "f", "training_frame")
	require.NoError(t, err)
	assert.Equal(t, 3, f.rows)

	_, err = Get[*frame](c, "g", "training_frame")
	assert.EqualError(t, err, "Object 'g' not found for argument: training_frame")
	assert.Equal(t, errs.NotFound, errs.KindOf(err))
	assert.Equal(t, "training_frame", errs.FieldOf(err))

	_, err = Get[model](c, "f", "model_id")
	assert.EqualError(t, err, "f names a frame, expected a model")
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
	var wrong *WrongType
	require.ErrorAs(t, err, &wrong)
	assert.Equal(t, WrongType{Key: "f", Want: "model", Got: "frame"}, *wrong)

	any, err := Get[any](c, "f", "key")
	require.NoError(t, err)
	assert.Same(t, f, any)
}

func TestPut_replaces(t *testing.T) {
	c := New()
	var gone []any
	c.OnRemove(func(e Entry) {
		now, ok := c.Entry(e.Key) // hooks may use the catalog
		assert.True(t, ok)
		assert.NotEqual(t, e.Value, now.Value)
		gone = append(gone, e.Value)
	})
	for i := range 3 {
		require.NoError(t, c.Put(Entry{Key: "k", Kind: "frame", Value: i}))
	}
	assert.Equal(t, []any{0, 1}, gone)
	assert.Equal(t, 1, c.Len())
	e, ok := c.Entry("k")
	assert.True(t, ok)
	assert.False(t, e.Created.IsZero())

	err := c.Put(Entry{Value: 1})
	assert.Equal(t, errs.Invalid, errs.KindOf(err))
}

func TestPutLazy(t *testing.T) {
	c := New()
	loads := 0
	require.NoError(t, c.PutLazy(Entry{Key: "f", Kind: "frame", Meta: "3 rows"}, func() (any, error) {
		loads++
		return &frame{3}, nil
	}))
	e, _ := c.Entry("f")
	assert.Nil(t, e.Value)
	assert.Equal(t, "3 rows", e.Meta)
	assert.Nil(t, c.List("frame")[0].Value)
	assert.Zero(t, loads, "showing an entry loads nothing")

	for range 3 {
		f, err := Get[*frame](c, "f", "key")
		require.NoError(t, err)
		assert.Equal(t, 3, f.rows)
	}
	assert.Equal(t, 1, loads)
	e, _ = c.Entry("f")
	assert.Equal(t, &frame{3}, e.Value)
}

func TestPutLazy_ErrLoad(t *testing.T) {
	c := New()
	loads := 0
	damaged := errs.Unavailablef("key", "file is damaged")
	require.NoError(t, c.PutLazy(Entry{Key: "f", Kind: "frame"}, func() (any, error) {
		loads++
		return nil, damaged
	}))
	for range 2 {
		_, err := Get[*frame](c, "f", "key")
		assert.EqualError(t, err, "loading frame f: file is damaged")
		assert.ErrorIs(t, err, damaged)
		assert.Equal(t, errs.Unavailable, errs.KindOf(err))
	}
	assert.Equal(t, 1, loads)
}

func TestPutLazy_concurrent(t *testing.T) {
	c := New()
	var loads atomic.Int32
	require.NoError(t, c.PutLazy(Entry{Key: "f", Kind: "frame"}, func() (any, error) {
		loads.Add(1)
		return &frame{7}, nil
	}))
	var wg sync.WaitGroup
	for range 32 {
		wg.Go(func() {
			f, err := Get[*frame](c, "f", "key")
			assert.NoError(t, err)
			assert.Equal(t, 7, f.rows)
			c.List("")
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, loads.Load())
}

func TestList(t *testing.T) {
	c := New()
	for _, e := range []Entry{
		{Key: "c", Kind: "frame", Created: at(2)}, {Key: "a", Kind: "frame", Created: at(2)},
		{Key: "m", Kind: "model", Created: at(1)}, {Key: "z", Kind: "frame", Created: at(1)},
	} {
		require.NoError(t, c.Put(e))
	}
	assert.Equal(t, []string{"z", "a", "c"}, keys(c.List("frame")))
	assert.Equal(t, []string{"m", "z", "a", "c"}, keys(c.List("")))
	assert.Empty(t, c.List("pdp"))
}

func TestRemove(t *testing.T) {
	c := New()
	var gone []Entry
	c.OnRemove(func(e Entry) { gone = append(gone, e) })
	require.NoError(t, c.Put(Entry{Key: "f", Kind: "frame", Value: 1, Created: at(1)}))

	e, ok, err := c.Remove("f")
	require.NoError(t, err)
	assert.True(t, ok)
	assert.Equal(t, 1, e.Value)
	assert.Equal(t, []Entry{e}, gone)

	_, ok, err = c.Remove("f")
	assert.NoError(t, err)
	assert.False(t, ok)
	assert.Len(t, gone, 1)
}

func TestRemoveAll(t *testing.T) {
	c := New()
	gone := []string{}
	c.OnRemove(func(e Entry) { gone = append(gone, e.Key) })
	for i, k := range []string{"t1", "t2", "g", "held"} {
		temp := "s1"
		if k == "g" {
			temp = ""
		}
		require.NoError(t, c.Put(Entry{Key: k, Kind: "frame", Temp: temp, Created: at(int64(i))}))
	}
	release, err := c.Lock("job", []string{"held"}, nil)
	require.NoError(t, err)

	removed, err := c.RemoveAll(func(e Entry) bool { return e.Temp != "s1" })
	assert.Equal(t, errs.Conflict, errs.KindOf(err))
	assert.ErrorContains(t, err, "frame held is already in use")
	assert.Equal(t, []string{"t1", "t2"}, keys(removed))
	assert.Equal(t, keys(removed), gone)

	release()
	removed, err = c.RemoveAll(nil)
	require.NoError(t, err)
	assert.Equal(t, []string{"g", "held"}, keys(removed))
	assert.Zero(t, c.Len())
}

func TestLock_matrix(t *testing.T) {
	type hold struct {
		owner       string
		read, write []string
	}
	r := func(o string) hold { return hold{owner: o, read: []string{"k"}} }
	w := func(o string) hold { return hold{owner: o, write: []string{"k"}} }
	tests := []struct {
		name string
		held []hold
		ask  hold
		ok   bool
	}{
		{"read free", nil, r("A"), true},
		{"write free", nil, w("A"), true},
		{"read and write at once", nil, hold{"A", []string{"k", "k"}, []string{"k"}}, true},
		{"many readers", []hold{r("A"), r("B")}, r("C"), true},
		{"read again", []hold{r("A")}, r("A"), true},
		{"write again", []hold{w("A")}, w("A"), true},
		{"read own write", []hold{w("A")}, r("A"), true},
		{"write own read", []hold{r("A")}, w("A"), true},
		{"ErrWriteUnderReader", []hold{r("A")}, w("B"), false},
		{"ErrWriteAmongReaders", []hold{r("A"), r("B")}, w("A"), false},
		{"ErrReadUnderWriter", []hold{w("A")}, r("B"), false},
		{"ErrWriteUnderWriter", []hold{w("A")}, w("B"), false},
		{"ErrWriterStillReads", []hold{{"A", []string{"k"}, []string{"k"}}}, w("B"), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := New()
			require.NoError(t, c.Put(Entry{Key: "k", Kind: "frame"}))
			var releases []func()
			for _, h := range tt.held {
				release, err := c.Lock(h.owner, h.read, h.write)
				require.NoError(t, err)
				releases = append(releases, release)
			}
			release, err := c.Lock(tt.ask.owner, tt.ask.read, tt.ask.write)
			if tt.ok {
				require.NoError(t, err)
				releases = append(releases, release)
			} else {
				assert.EqualError(t, err, "frame k is already in use.  Unable to use it now.  Consider using a different destination name.")
				assert.Equal(t, errs.Conflict, errs.KindOf(err))
			}
			for _, release := range releases {
				_, _, err := c.Remove("k")
				assert.Equal(t, errs.Conflict, errs.KindOf(err), "held until the last release")
				assert.Equal(t, errs.Conflict, errs.KindOf(c.Put(Entry{Key: "k"})))
				release()
				release()
			}
			assert.Empty(t, c.locks)
			_, ok, err := c.Remove("k")
			assert.True(t, ok)
			assert.NoError(t, err)
		})
	}
}

func TestLock_allOrNothing(t *testing.T) {
	c := New()
	for _, k := range []string{"a", "b"} {
		require.NoError(t, c.Put(Entry{Key: k, Kind: "frame"}))
	}
	release, err := c.Lock("A", nil, []string{"b"})
	require.NoError(t, err)

	_, err = c.Lock("B", []string{"a", "b"}, []string{"new"})
	assert.Equal(t, errs.Conflict, errs.KindOf(err))
	_, err = c.Lock("B", []string{"a", "nosuch"}, []string{"new"})
	assert.EqualError(t, err, "Object 'nosuch' not found for argument: key")
	_, err = c.Lock("B", []string{"a"}, []string{"new", "b"})
	assert.Equal(t, errs.Conflict, errs.KindOf(err))
	assert.Len(t, c.locks, 1, "a refused lock holds nothing")

	read := []string{"a"}
	releaseB, err := c.Lock("B", read, []string{"new"})
	require.NoError(t, err)
	read[0] = "changed by the caller"
	releaseB()
	release()
	assert.Empty(t, c.locks)
	assert.Panics(t, func() { _, _ = c.Lock("", nil, nil) })
}

func TestPublish(t *testing.T) {
	c := New()
	assert.Equal(t, errs.Conflict, errs.KindOf(c.Publish("job", Entry{Key: "m"})), "not held")
	release, err := c.Lock("job", nil, []string{"m"})
	require.NoError(t, err)

	for i := range 2 {
		require.NoError(t, c.Publish("job", Entry{Key: "m", Kind: "model", Value: i}))
		v, err := Get[int](c, "m", "key")
		require.NoError(t, err, "a building object can be shown")
		assert.Equal(t, i, v)
	}
	assert.Equal(t, errs.Conflict, errs.KindOf(c.Publish("other", Entry{Key: "m"})))
	assert.Equal(t, errs.Conflict, errs.KindOf(c.Put(Entry{Key: "m"})))
	_, err = c.Lock("other", []string{"m"}, nil)
	assert.Equal(t, errs.Conflict, errs.KindOf(err))

	release()
	assert.Equal(t, errs.Conflict, errs.KindOf(c.Publish("job", Entry{Key: "m"})))
	assert.NoError(t, c.Put(Entry{Key: "m", Value: 5}))
}

func TestBusy_unborn(t *testing.T) {
	c := New()
	release, err := c.Lock("A", nil, []string{"new"})
	require.NoError(t, err)
	defer release()
	assert.ErrorContains(t, c.Put(Entry{Key: "new"}), "object new is already in use.")
	_, err = Get[int](c, "new", "key")
	assert.Equal(t, errs.NotFound, errs.KindOf(err))
}

// Writers and readers of two keys in opposite order: nothing deadlocks, no two
// writers and no reader beside a writer are ever inside together.
func TestLock_race(t *testing.T) {
	c := New()
	for i := range 4 {
		require.NoError(t, c.Put(Entry{Key: strconv.Itoa(i), Kind: "frame", Value: i}))
	}
	var inside [4]struct{ readers, writers atomic.Int32 }
	var wg sync.WaitGroup
	for g := range 16 {
		wg.Go(func() {
			owner := fmt.Sprint("job", g)
			for i := range 300 {
				r, w := (g+i)%4, (g*3+i*7)%4
				if r == w {
					continue
				}
				release, err := c.Lock(owner, []string{strconv.Itoa(r)}, []string{strconv.Itoa(w)})
				if err != nil {
					if errs.KindOf(err) != errs.Conflict {
						assert.NoError(t, err)
					}
					continue
				}
				inside[r].readers.Add(1)
				if inside[w].writers.Add(1) != 1 || inside[w].readers.Load() != 0 || inside[r].writers.Load() != 0 {
					t.Error("a writer is not alone")
				}
				assert.NoError(t, c.Publish(owner, Entry{Key: strconv.Itoa(w), Kind: "frame", Value: i}))
				inside[w].writers.Add(-1)
				inside[r].readers.Add(-1)
				release()
			}
		})
		wg.Go(func() {
			for i := range 300 {
				if _, err := Get[int](c, strconv.Itoa(i%4), "key"); err != nil && errs.KindOf(err) != errs.NotFound {
					t.Error(err)
				}
				if i%50 == 49 {
					_ = c.Put(Entry{Key: "x" + strconv.Itoa(g), Kind: "frame", Value: 1})
					_, err := c.RemoveAll(func(e Entry) bool { return e.Key != "x"+strconv.Itoa(g) })
					assert.NoError(t, err)
				}
			}
		})
	}
	wg.Wait()
	assert.Empty(t, c.locks)
	assert.Equal(t, 4, c.Len())
	assert.True(t, slices.IsSortedFunc(c.List(""), func(a, b Entry) int { return a.Created.Compare(b.Created) }))
}

func TestCatalog_longKey(t *testing.T) {
	c := New()
	for _, n := range []int{maxKey, maxKey + 1} {
		key := strings.Repeat("k", n)
		err := c.Put(Entry{Key: key, Kind: "frame", Value: 1})
		release, lerr := c.Lock("job", nil, []string{key})
		if n <= maxKey {
			require.NoError(t, err)
			require.NoError(t, lerr)
			release()
			continue
		}
		assert.Equal(t, errs.Invalid, errs.KindOf(err))
		assert.Equal(t, errs.Invalid, errs.KindOf(lerr))
		assert.Less(t, len(err.Error()), 200, "the message does not repeat it all")
	}
}
