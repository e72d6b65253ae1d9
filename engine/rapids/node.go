package rapids

import (
	"math"
	"strconv"
	"strings"

	"github.com/geyser-ml/geyser/engine/number"
)

// node is a parsed expression.
type node interface{ write(b *strings.Builder) }

type (
	numNode  float64
	strNode  string
	strsNode []string
	numsNode []span
	nameNode string
	callNode []node // function first
	funNode  struct {
		args []string
		body node
	}
)

// span is count numbers from base on in steps of stride.
type span struct {
	base   float64
	count  int64
	stride float64
}

func (s span) at(i int64) float64 { return s.base + float64(i)*s.stride }

// length returns how many numbers the spans hold, at most math.MaxInt64.
func (n numsNode) length() int64 {
	total := int64(0)
	for _, s := range n {
		if total += s.count; total < 0 {
			return math.MaxInt64
		}
	}
	return total
}

// values writes the spans out.
func (n numsNode) values() []float64 {
	out := make([]float64, 0, n.length())
	for _, s := range n {
		for i := range s.count {
			out = append(out, s.at(i))
		}
	}
	return out
}

func (n numNode) write(b *strings.Builder)  { b.WriteString(number.Text(float64(n))) }
func (n strNode) write(b *strings.Builder)  { b.WriteString(strconv.Quote(string(n))) }
func (n nameNode) write(b *strings.Builder) { b.WriteString(string(n)) }

func (n strsNode) write(b *strings.Builder) {
	b.WriteByte('[')
	for i, s := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		strNode(s).write(b)
	}
	b.WriteByte(']')
}

func (n numsNode) write(b *strings.Builder) {
	b.WriteByte('[')
	for i, s := range n {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(number.Text(s.base))
		if s.count != 1 || s.stride != 1 {
			b.WriteString(":" + strconv.FormatInt(s.count, 10))
			if s.stride != 1 {
				b.WriteString(":" + number.Text(s.stride))
			}
		}
	}
	b.WriteByte(']')
}

// write leaves a blank after each element, as H2O prints functions.
func (n callNode) write(b *strings.Builder) {
	b.WriteByte('(')
	for _, e := range n {
		e.write(b)
		b.WriteByte(' ')
	}
	b.WriteByte(')')
}

func (n funNode) write(b *strings.Builder) {
	b.WriteString("{ ")
	for _, a := range n.args {
		b.WriteString(a + " ")
	}
	b.WriteString(". ")
	n.body.write(b)
	b.WriteByte('}')
}
