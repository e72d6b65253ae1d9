package rapids

import (
	"fmt"
	"math"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/geyser-ml/geyser/engine/errs"
	"github.com/geyser-ml/geyser/engine/number"
)

// Bounds of an expression.
const (
	maxDepth  = 500      // nested calls, functions and lists
	maxLength = 32 << 20 // bytes
	maxList   = 1 << 22  // numbers of a list that is written out
)

// parser reads one expression by recursive descent.
type parser struct {
	src   string
	pos   int
	depth int
}

// parse reads src as one expression; it is nil when src holds only blanks.
func parse(src string) (node, error) {
	if len(src) > maxLength {
		return nil, errs.Invalidf("ast", "expression of %d bytes is longer than %d", len(src), maxLength)
	}
	p := &parser{src: src}
	if p.blanks(); p.pos == len(src) {
		return nil, nil
	}
	n, err := p.expr()
	if err != nil {
		return nil, err
	}
	if p.blanks(); p.pos < len(src) {
		return nil, p.fail("unexpected %q after the end of the expression", p.rest())
	}
	return n, nil
}

func (p *parser) fail(format string, args ...any) error {
	return errs.Invalidf("ast", "%s (at byte %d)", fmt.Sprintf(format, args...), p.pos)
}

// rest returns the beginning of what has not been read, for messages.
func (p *parser) rest() string { return p.src[p.pos:min(len(p.src), p.pos+20)] }

func (p *parser) blanks() {
	for p.pos < len(p.src) && strings.IndexByte(" \t\r\n", p.src[p.pos]) >= 0 {
		p.pos++
	}
}

// peek skips blanks and returns the next byte, 0 at the end.
func (p *parser) peek() byte {
	if p.blanks(); p.pos < len(p.src) {
		return p.src[p.pos]
	}
	return 0
}

func (p *parser) expr() (node, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, p.fail("expression is nested deeper than %d", maxDepth)
	}
	defer func() { p.depth-- }()
	switch p.peek() {
	case '(':
		return p.call()
	case '{':
		return p.function()
	case '[':
		return p.list()
	case '"', '\'':
		s, err := p.text()
		return strNode(s), err
	}
	t := p.token("")
	if t == "" {
		if p.pos == len(p.src) {
			// H2O: Rapids.parse
			return nil, errs.Invalidf("ast", "Expected an expression but ran out of text")
		}
		return nil, p.fail("expected an expression but found %q", p.rest())
	}
	if v, ok := readNumber(t); ok {
		return numNode(v), nil
	}
	return nameNode(t), nil
}

// token reads up to the end of a name, or to one of the bytes in stop.
func (p *parser) token(stop string) string {
	p.blanks()
	from := p.pos
	for p.pos < len(p.src) && strings.IndexByte("({[]}) \t\r\n\\\"'", p.src[p.pos]) < 0 && strings.IndexByte(stop, p.src[p.pos]) < 0 {
		p.pos++
	}
	return p.src[from:p.pos]
}

func (p *parser) call() (node, error) {
	var call callNode
	for p.pos++; p.peek() != ')'; {
		e, err := p.expr()
		if err != nil {
			return nil, err
		}
		call = append(call, e)
	}
	if p.pos++; len(call) == 0 {
		return nil, p.fail("a call needs a function")
	}
	if p.blanks(); !strings.HasPrefix(p.src[p.pos:], "->") {
		return call, nil
	}
	p.pos += 2
	name := p.token("")
	if name == "" {
		return nil, p.fail("expected a name after \"->\" but found %q", p.rest())
	}
	return callNode{nameNode("tmp="), nameNode(name), call}, nil
}

func (p *parser) function() (node, error) {
	var f funNode
	for p.pos++; ; {
		name := p.token("")
		if name == "." {
			break
		}
		if name == "" {
			return nil, p.fail("expected an argument name or \".\" but found %q", p.rest())
		}
		f.args = append(f.args, name)
	}
	var err error
	if f.body, err = p.expr(); err != nil {
		return nil, err
	}
	if p.peek() != '}' {
		return nil, p.fail("expected \"}\" after the body of a function but found %q", p.rest())
	}
	p.pos++
	return f, nil
}

func (p *parser) list() (node, error) {
	p.pos++
	var strs strsNode
	var nums numsNode
	for {
		switch c := p.peek(); {
		case c == ',':
			p.pos++
		case c == ']':
			p.pos++
			if strs != nil {
				return strs, nil
			}
			return nums, nil
		case (c == '"' || c == '\'') && nums == nil:
			s, err := p.text()
			if err != nil {
				return nil, err
			}
			strs = append(strs, s)
		case c == 0:
			return nil, p.fail("list without \"]\"")
		case strs != nil:
			return nil, p.fail("expected a string or \"]\" in a list of strings but found %q", p.rest())
		default:
			s, err := p.span()
			if err != nil {
				return nil, err
			}
			nums = append(nums, s)
		}
	}
}

func (p *parser) span() (span, error) {
	s := span{count: 1, stride: 1}
	var err error
	if s.base, err = p.number(); err != nil || p.peek() != ':' {
		return s, err
	}
	p.pos++
	count, err := p.number()
	if err != nil {
		return s, err
	}
	if !(count >= 1 && count <= math.MaxInt32 && count == math.Trunc(count)) {
		return s, p.fail("count %s of a span is not a positive integer", number.Text(count))
	}
	if s.count = int64(count); p.peek() != ':' {
		return s, nil
	}
	p.pos++
	if s.stride, err = p.number(); err == nil && !(s.stride >= 0) {
		err = p.fail("stride %s of a span is negative", number.Text(s.stride))
	}
	return s, err
}

func (p *parser) number() (float64, error) {
	t := p.token(",:")
	if v, ok := readNumber(t); ok {
		return v, nil
	}
	if t == "" {
		t = p.rest()
	}
	return 0, p.fail("a list of numbers cannot hold %q", t)
}

// text reads a quoted string.
func (p *parser) text() (string, error) {
	quote := p.src[p.pos]
	p.pos++
	if end := strings.IndexByte(p.src[p.pos:], quote); end >= 0 && strings.IndexByte(p.src[p.pos:p.pos+end], '\\') < 0 {
		s := p.src[p.pos : p.pos+end]
		p.pos += end + 1
		return s, nil
	}
	var b strings.Builder
	for p.pos < len(p.src) {
		c := p.src[p.pos]
		p.pos++
		switch c {
		case quote:
			return b.String(), nil
		case '\\':
			r, err := p.escape()
			if err != nil {
				return "", err
			}
			b.WriteRune(r)
		default:
			b.WriteByte(c)
		}
	}
	return "", p.fail("string without closing %c", quote)
}

// escape reads what follows a backslash.
func (p *parser) escape() (rune, error) {
	if p.pos == len(p.src) {
		return 0, p.fail("string ends in a backslash")
	}
	c := p.src[p.pos]
	p.pos++
	if i := strings.IndexByte(`ntrfb'"\`, c); i >= 0 {
		return rune("\n\t\r\f\b'\"\\"[i]), nil
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[c]
	if digits == 0 {
		return 0, p.fail("unknown escape \\%c in a string", c)
	}
	r, err := p.hex(digits)
	if err != nil || !utf16.IsSurrogate(r) {
		return r, err
	}
	if strings.HasPrefix(p.src[p.pos:], `\u`) {
		p.pos += 2
		low, err := p.hex(4)
		return utf16.DecodeRune(r, low), err
	}
	return utf8.RuneError, nil
}

func (p *parser) hex(digits int) (rune, error) {
	var r int64
	for range digits {
		i := -1
		if p.pos < len(p.src) {
			i = strings.IndexByte("0123456789abcdef", p.src[p.pos]|0x20)
		}
		if i < 0 || p.src[p.pos] < '0' {
			return 0, p.fail("an escape in a string needs %d hexadecimal digits", digits)
		}
		r = r<<4 | int64(i)
		p.pos++
	}
	if r > utf8.MaxRune {
		return 0, p.fail("an escape in a string names no character")
	}
	return rune(r), nil
}
