package parse

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	const rows = 50_000
	r := rand.New(rand.NewPCG(7, 8))
	texts := map[string]func(sb *strings.Builder){
		"floats": func(sb *strings.Builder) {
			for range 10 {
				fmt.Fprintf(sb, "%v,", float32(r.NormFloat64()))
			}
		},
		"mixed": func(sb *strings.Builder) {
			fmt.Fprintf(sb, "c-%d,%d,%s,%d,", r.IntN(12), r.IntN(2400), []string{"ATL", "ORD", "DFW", "LAX"}[r.IntN(4)], r.IntN(1000)-100)
		},
		"quoted": func(sb *strings.Builder) {
			fmt.Fprintf(sb, "\"text, %d\",\"%d\",", r.IntN(rows), r.IntN(10))
		},
		"doubles": func(sb *strings.Builder) {
			for range 10 {
				fmt.Fprintf(sb, "%v,", r.NormFloat64())
			}
		},
	}
	for _, name := range []string{"floats", "doubles", "mixed", "quoted"} {
		var sb strings.Builder
		for range rows {
			texts[name](&sb)
			sb.WriteString("1\n")
		}
		src := []Source{file(b, "b.csv", sb.String())}
		s, err := Guess(context.Background(), src, Setup{CheckHeader: -1})
		if err != nil {
			b.Fatal(err)
		}
		for _, threads := range []int{1, 2} {
			b.Run(fmt.Sprintf("text=%s/threads=%d", name, threads), func(b *testing.B) {
				b.SetBytes(int64(sb.Len()))
				for b.Loop() {
					if _, _, err := Parse(context.Background(), src, s, "", Options{Threads: threads}); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
