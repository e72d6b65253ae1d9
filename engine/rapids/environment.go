package rapids

import (
	"slices"

	"github.com/geyser-ml/geyser/engine/errs"
)

func environmentPrims() []Prim {
	return []Prim{
		{Name: "tmp=", Args: "id expr", Help: "stores a frame as a temporary of the session, once", lazy: true, stores: true, run: temporary},
		{Name: "assign", Args: "id expr", Help: "stores a frame for everyone, in place of another", lazy: true, stores: true, run: assign},
		{Name: "rm", Args: "id", Help: "removes an object: 1 if there was one, 0 otherwise", lazy: true, stores: true, run: remove},
		{Name: "rename", Args: "old new", Help: "gives a stored object another key", lazy: true, stores: true, run: rename},
		{Name: "ls", Help: "lists the keys of frames and models", run: list},
		{Name: ",", Args: "expr...", Help: "evaluates all and gives the last", run: func(c *call) (Value, error) {
			return c.args[len(c.args)-1], nil
		}},
	}
}

// id is argument i as a key, not evaluated: a name or a text.
func (c *call) id(i int) string {
	switch n := c.nodes[i].(type) {
	case nameNode:
		return c.key(string(n))
	case strNode:
		return c.key(string(n))
	}
	if c.err == nil {
		c.err = c.fail("argument %d of '%s' must be a key", i+1, c.prim.Name)
	}
	return ""
}

// evalFrame evaluates argument i, which must be a frame.
func (c *call) evalFrame(i int) (Frame, error) {
	v, err := c.eval(c.nodes[i])
	if err != nil {
		return Frame{}, err
	}
	f, ok := v.(Frame)
	if !ok {
		c.wrong("a Frame", v)
	}
	return f, c.err
}

func temporary(c *call) (Value, error) {
	id := c.id(0)
	if c.err != nil {
		return nil, c.err
	}
	f, err := c.evalFrame(1)
	if err != nil || f.Key == id {
		return f, err
	}
	_, found, err := c.s.host.Frame(id)
	if err != nil {
		return nil, err
	}
	if _, object := c.s.host.Object(id); found || object {
		return nil, c.fail("Temp ID %s already exists", id) // H2O: Session.assign
	}
	if err := c.s.host.Put(id, f.Frame, c.s.id); err != nil {
		return nil, err
	}
	c.s.own(id, true)
	return Frame{id, f.Frame}, nil
}

func assign(c *call) (Value, error) {
	id := c.id(0)
	if c.err != nil {
		return nil, c.err
	}
	f, err := c.evalFrame(1)
	if err != nil {
		return nil, err
	}
	if c.s.owns(id) {
		return nil, c.fail("Cannot reassign temp %s", id) // H2O: AstAssign
	}
	if _, ok := c.s.host.Object(id); ok {
		return nil, c.fail("%s is not a Frame; remove it before a Frame takes its key", id)
	}
	return Frame{id, f.Frame}, c.s.host.Put(id, f.Frame, "")
}

func remove(c *call) (Value, error) {
	id := c.id(0)
	if c.err != nil {
		return nil, c.err
	}
	found, err := c.s.host.Remove(id)
	if err != nil {
		return nil, err
	}
	c.s.own(id, false)
	return Num(truth(found)), nil
}

func rename(c *call) (Value, error) {
	from, to := c.id(0), c.id(1)
	if c.err != nil {
		return nil, c.err
	}
	if from == to {
		return Num(1), nil
	}
	f, ok, err := c.s.host.Frame(from)
	if err != nil {
		return nil, err
	}
	if _, object := c.s.host.Object(from); object {
		return nil, errs.Unavailablef("ast", "%s cannot be renamed: only frames can", from)
	}
	if !ok {
		return nil, c.fail("cannot rename %s: there is no such object", from)
	}
	if _, object := c.s.host.Object(to); object || c.s.owns(to) {
		return nil, c.fail("cannot rename %s to %s: the key is taken", from, to)
	}
	if err := c.s.host.Put(to, f, ""); err != nil {
		return nil, err
	}
	_, err = c.s.host.Remove(from)
	c.s.own(from, false)
	return Num(1), err
}

func list(c *call) (Value, error) {
	keys := slices.Clone(c.s.host.Keys())
	slices.Sort(keys)
	return single("key", levelsColumn(keys))
}
