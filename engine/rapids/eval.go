package rapids

import (
	"context"
	"math"
	"strings"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/frame"
)

// env is where an expression is evaluated.
type env struct {
	ctx   context.Context
	s     *Session
	scope *scope
	pure  bool // several rows are evaluated at once: nothing may be stored
}

// scope binds the arguments of one function call.
type scope struct {
	outer *scope
	names []string
	vals  []Value
}

func (s *scope) find(name string) (Value, bool) {
	for ; s != nil; s = s.outer {
		for i, n := range s.names {
			if n == name {
				return s.vals[i], true
			}
		}
	}
	return nil, false
}

var constants = map[string]Value{
	"TRUE": Num(1), "True": Num(1), "true": Num(1),
	"FALSE": Num(0), "False": Num(0), "false": Num(0),
	"NaN": Num(math.NaN()), "NA": Num(math.NaN()), "nan": Num(math.NaN()),
	"PI": Num(math.Pi), "Pi": Num(math.Pi),
	"null": Nums(nil),
}

func (e *env) eval(n node) (Value, error) {
	switch n := n.(type) {
	case numNode:
		return Num(n), nil
	case strNode:
		return Str(n), nil
	case strsNode:
		return Strs(n), nil
	case numsNode:
		if k := n.length(); k > maxList {
			return nil, errs.Invalidf("ast", "a list of %d numbers is longer than %d", k, maxList)
		}
		return Nums(n.values()), nil
	case nameNode:
		return e.lookup(string(n))
	case funNode:
		return Func{args: n.args, body: n.body, outer: e.scope}, nil
	}
	return e.call(n.(callNode))
}

// key expands $name to the session's own name.
func (e *env) key(name string) string {
	if rest, ok := strings.CutPrefix(name, "$"); ok {
		return rest + "~" + e.s.id
	}
	return name
}

func (e *env) lookup(name string) (Value, error) {
	if v, ok := e.scope.find(name); ok {
		return v, nil
	}
	if v, ok := constants[name]; ok {
		return v, nil
	}
	key := e.key(name)
	f, ok, err := e.s.host.Frame(key)
	if err != nil {
		return nil, err
	}
	if ok {
		return Frame{key, f}, nil
	}
	if v, ok := e.s.host.Object(key); ok {
		return Object{key, v}, nil
	}
	if p, ok := prims[name]; ok {
		return Func{prim: p}, nil
	}
	// H2O: Env.lookup
	return nil, errs.Invalidf("ast", "Name lookup of '%s' failed", key)
}

func (e *env) call(n callNode) (Value, error) {
	if err := e.ctx.Err(); err != nil {
		return nil, err
	}
	f, err := e.callee(n[0])
	if err != nil {
		return nil, err
	}
	if f.prim == nil || !f.prim.lazy {
		args := make([]Value, len(n)-1)
		for i, a := range n[1:] {
			if name, ok := a.(nameNode); ok && f.prim != nil && f.prim.word == i+1 {
				a = strNode(name)
			}
			if args[i], err = e.eval(a); err != nil {
				return nil, err
			}
		}
		return e.apply(f, args)
	}
	return e.run(&call{env: e, prim: f.prim, nodes: n[1:]})
}

func (e *env) callee(n node) (Func, error) {
	name, named := n.(nameNode)
	if named {
		if _, bound := e.scope.find(string(name)); !bound {
			if p, ok := prims[string(name)]; ok {
				return Func{prim: p}, nil
			}
		}
	}
	v, err := e.eval(n)
	if err != nil {
		return Func{}, err
	}
	f, ok := v.(Func)
	if !ok {
		return f, errs.Invalidf("ast", "Expected a function but found %s", v.what())
	}
	return f, nil
}

// apply calls f with evaluated arguments.
func (e *env) apply(f Func, args []Value) (Value, error) {
	if f.prim != nil {
		c := &call{env: e, prim: f.prim, args: args}
		if f.prim.lazy {
			return nil, errs.Invalidf("ast", "'%s' cannot be applied", f.prim.Name)
		}
		return e.run(c)
	}
	if len(args) != len(f.args) {
		return nil, errs.Invalidf("ast", "Incorrect number of arguments; '%s' expects %d but was passed %d", f, len(f.args), len(args))
	}
	for _, a := range args {
		// Why: without functions as values no call can reach itself, so every expression ends
		if _, ok := a.(Func); ok {
			return nil, errs.Invalidf("ast", "a function cannot be an argument of '%s'", f)
		}
	}
	inner := *e
	inner.scope = &scope{outer: f.outer, names: f.args, vals: args}
	return inner.eval(f.body)
}

func (e *env) run(c *call) (Value, error) {
	n := max(len(c.nodes), len(c.args))
	if least, most := c.prim.arity(); n < least || n > most {
		want := least
		if n > most {
			want = most
		}
		return nil, errs.Invalidf("ast", "Incorrect number of arguments; '%s' expects %d but was passed %d", c.prim.Name, want, n)
	}
	if e.pure && c.prim.stores {
		return nil, errs.Invalidf("ast", "'%s' cannot be used in a function that is applied to rows", c.prim.Name)
	}
	v, err := c.prim.run(c)
	if c.err != nil { // an argument of the wrong type comes first
		return nil, c.err
	}
	if f, ok := v.(Frame); ok && err == nil && f.SizeBytes() > roomFrom {
		// Why: what one call adds is bounded by what it is given; an expression, or a
		// sequence of them, is stopped here.
		if err := e.s.host.Room(0); err != nil {
			return nil, err
		}
	}
	return v, err
}

// roomFrom is how many bytes a frame has before memory is looked at.
const roomFrom = 1 << 20

// call is one call of a primitive. Its accessors give argument i, or a zero value
// and set err when it has another type; a primitive looks at err once, after it has
// read its arguments.
type call struct {
	*env
	prim  *Prim
	nodes []node  // arguments as written, for lazy primitives
	args  []Value // arguments evaluated, for the others
	err   error
}

func (c *call) has(i int) bool { return i < len(c.args) }

func (c *call) wrong(want string, got Value) {
	if c.err == nil {
		// H2O: Val.getFrame and its siblings
		c.err = errs.Invalidf("ast", "Expected %s but found %s", want, got.what())
	}
}

func (c *call) fail(format string, args ...any) error { return errs.Invalidf("ast", format, args...) }

func (c *call) frame(i int) *frame.Frame {
	if f, ok := c.args[i].(Frame); ok {
		return f.Frame
	}
	c.wrong("a Frame", c.args[i])
	return none
}

var none = frame.Must(frame.New(nil, nil))

// column is the only column of a frame argument.
func (c *call) column(i int) *frame.Column {
	f := c.frame(i)
	if f.NumCols() == 1 {
		return f.Column(0)
	}
	if c.err == nil {
		c.err = c.fail("'%s' works on a single column but found %d", c.prim.Name, f.NumCols())
	}
	return frame.NewBad(0)
}

// num is a number, also the only one of a list, row or frame.
func (c *call) num(i int) float64 {
	switch v := c.args[i].(type) {
	case Num:
		return float64(v)
	case Nums:
		if len(v) == 1 {
			return v[0]
		}
	case Frame:
		if v.NumCols() == 1 && v.NumRows() == 1 && v.Column(0).Kind().Numeric() {
			return v.Column(0).Float(0)
		}
	}
	c.wrong("a number", c.args[i])
	return 0
}

// whole is an integer of [least, most].
func (c *call) whole(i int, least, most int64) int64 {
	v := c.num(i)
	if c.err == nil && !(v == math.Trunc(v) && v >= float64(least) && v <= float64(most)) {
		c.err = c.fail("argument %d of '%s' is %s, not an integer from %d to %d", i+1, c.prim.Name, label(v), least, most)
		return least
	}
	return int64(v)
}

// flag is a truth value: any number but 0 is true.
func (c *call) flag(i int) bool { v := c.num(i); return v != 0 && v == v }

func (c *call) str(i int) string {
	if s, ok := c.args[i].(Str); ok {
		return string(s)
	}
	c.wrong("a string", c.args[i])
	return ""
}

// strs is a list of texts, or one text.
func (c *call) strs(i int) []string {
	switch v := c.args[i].(type) {
	case Strs:
		return v
	case Str:
		return []string{string(v)}
	case Nums:
		if len(v) == 0 {
			return nil
		}
	}
	c.wrong("a list of strings", c.args[i])
	return nil
}

// nums is a list of numbers, or one number.
func (c *call) nums(i int) []float64 {
	switch v := c.args[i].(type) {
	case Nums:
		return v
	case Num:
		return []float64{float64(v)}
	}
	c.wrong("a list of numbers", c.args[i])
	return nil
}
