package parse

import (
	"errors"
	"math"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
	"time"
)

func TestNumber_Strconv(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	digitsOf := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte('0' + r.IntN(10))
		}
		return string(b)
	}
	var list []string
	for range 20_000 {
		s := []string{"", "-", "+"}[r.IntN(3)] + digitsOf(r.IntN(22))
		if r.IntN(3) > 0 {
			s += "." + digitsOf(r.IntN(22))
		}
		if r.IntN(4) == 0 {
			s += "e" + strconv.Itoa(r.IntN(700)-350)
		}
		list = append(list, s)
	}
	for range 5000 {
		list = append(list, strconv.FormatFloat(math.Float64frombits(r.Uint64()), 'g', -1, 64), strconv.FormatFloat(r.NormFloat64(), 'f', -1, 64))
	}
	// The fast path sees the same texts in a file of one column.
	f, err := read(t, "x,y\n"+strings.Join(list, ",1\n")+",1\n", Setup{Separator: ',', CheckHeader: 1, ColumnTypes: []ColumnType{Numeric, Numeric}}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range list {
		want, err := strconv.ParseFloat(s, 64)
		if errors.Is(err, strconv.ErrSyntax) || strings.ContainsAny(s, "IN") {
			want = math.NaN()
		}
		got := number([]byte(s))
		if got.kind == whole {
			got.f = float64(got.i)
		}
		if (got.kind == none) != math.IsNaN(want) || got.kind != none && got.f != want {
			t.Errorf("%q is %v (%d), want %v", s, got.f, got.kind, want)
		}
		if c := f.Column(0).Float(i); !(c == want || math.IsNaN(c) && math.IsNaN(want)) {
			t.Errorf("%q in a column is %v, want %v", s, c, want)
		}
	}
}

// Observed on H2O 3.46.0.12, but for the last group.
func TestInstant(t *testing.T) {
	for text, want := range map[string]string{
		"2024-01-31": "2024-01-31T00:00:00Z", "2024-1-3": "2024-01-03T00:00:00Z", "2024-01-31 12:30:00": "2024-01-31T12:30:00Z",
		"2024-01-31 12:30:00.123456": "2024-01-31T12:30:00.123Z", "2024-01-31 12:30": "", "2024-01-31T12:30:00": "",
		"2024-01-31 1:30:00 PM": "2024-01-31T13:30:00Z", "05-Jan-24": "2024-01-05T00:00:00Z", "5-Jan-24": "2024-01-05T00:00:00Z",
		"05-JAN-2024": "2024-01-05T00:00:00Z", "5 Jan 2024": "", "Jan 5 2024": "", "Jan-24": "2024-01-01T00:00:00Z", "24-Jan": "2024-01-01T00:00:00Z",
		"2024-Jan": "", "1/2/2024": "2024-01-02T00:00:00Z", "1/2/24": "2024-01-02T00:00:00Z", "12/31/1999": "1999-12-31T00:00:00Z", "31/12/1999": "",
		"1/2/2024 10:11:12": "2024-01-02T10:11:12Z", "01/02/2024 10:11": "", "1/2/24 10:11:12": "2024-01-02T10:11:12Z",
		"10:11:12": "1970-01-01T10:11:12Z", "10:11:12.345": "1970-01-01T10:11:12.345Z", "10:11": "", "10:11:12 PM": "1970-01-01T22:11:12Z",
		"20240105-101112": "", "2024/01/05": "", "2024.01.05": "", "05.01.2024": "", "2024-02-30": "", "2024-13-01": "", "2024-00-01": "",
		"1850-01-01": "1850-01-01T00:00:00Z", "0001-01-01": "0001-01-01T00:00:00Z", "9999-12-31": "9999-12-31T00:00:00Z", "99-01-02": "",
		"2024-01-31Z": "", "2024-01-31 24:00:00": "", "2024-01-31 23:60:00": "", " 2024-01-05 ": "2024-01-05T00:00:00Z", "Fri Jan 5 2024": "",
		"05/Jan/2024": "", "1-2-2024": "2024-01-02T00:00:00Z", "01-02-24": "2024-01-02T00:00:00Z", "2024-01": "2024-01-01T00:00:00Z",
		"2024-01-31-12:30:00": "", "2024-01-31  12:30:00": "2024-01-31T12:30:00Z", "05Jan2024": "2024-01-05T00:00:00Z", "05Jan24": "2024-01-05T00:00:00Z",
		"1-Jan-68": "2068-01-01T00:00:00Z", "1-Jan-69": "1969-01-01T00:00:00Z", "1/2/69": "1969-01-02T00:00:00Z", "2024-01-31 12.30.00": "2024-01-31T12:30:00Z",
		"2024-02-29": "2024-02-29T00:00:00Z", "2023-02-29": "", "1900-02-29": "", "2000-02-29": "2000-02-29T00:00:00Z", "": "", "-": "", "1": "", "Jan": "",
		// A half is 500 ms, and 12 AM midnight.
		"2024-01-31 12:30:00.5": "2024-01-31T12:30:00.5Z", "2024-01-31 12:30:00 AM": "2024-01-31T00:30:00Z", "2024-01-31 13:30:00 AM": "",
	} {
		ms, ok := instant([]byte(text), nil)
		got := ""
		if ok {
			got = time.UnixMilli(ms).UTC().Format(time.RFC3339Nano)
		}
		if got != want {
			t.Errorf("%q is %q, want %q", text, got, want)
		}
	}
}

func TestDays(t *testing.T) {
	for day := int64(-800_000); day < 800_000; day += 11 {
		d := time.Unix(day*86400, 0).UTC()
		if got := days(d.Year(), int(d.Month()), d.Day()); got != day {
			t.Fatalf("%v is day %d, want %d", d, got, day)
		}
	}
}

func TestLevels(t *testing.T) {
	l := newLevels()
	codes := map[string]int32{}
	r := rand.New(rand.NewPCG(5, 6))
	for range 50_000 {
		s := strconv.Itoa(r.IntN(20_000))
		s = strings.Repeat("x\x00", r.IntN(8)) + s
		code := l.code([]byte(s))
		if old, ok := codes[s]; ok && old != code {
			t.Fatalf("%q has codes %d and %d", s, old, code)
		}
		codes[s] = code
		if string(l.level(int(code))) != s {
			t.Fatalf("level %d is %q, want %q", code, l.level(int(code)), s)
		}
	}
	if l.len() != len(codes) {
		t.Errorf("%d levels, want %d", l.len(), len(codes))
	}
	if l.code([]byte("a")) == l.code([]byte("a\x00")) {
		t.Error("a zero byte at the end is lost")
	}
}
