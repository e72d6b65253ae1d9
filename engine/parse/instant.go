package parse

import (
	"strings"
	"time"
)

// instant reads a point in time as milliseconds since 1970-01-01 UTC; text
// without a zone, as all of it is, is in zone, where nil is UTC. The forms are
//
//	2024-01-31   2024-01   01-31-2024   1/31/24   31-Jan-24   31Jan2024   Jan-24   24-Jan
//
// the first, third and fourth perhaps with a time of day after white space, and the time of day
// alone, on 1970-01-01: 12:30:00, 12.30.00, 12:30:00.125, 1:30:00 PM. Two digits of
// a year mean 1969 to 2068.
//
// H2O: the same forms (water.parser.ParseTime), but a fraction is one of a second
// here, where H2O reads .5 as five milliseconds, and 12 AM is midnight.
func instant(s []byte, zone *time.Location) (ms int64, ok bool) {
	r := reader{s: trim(s)}
	year, month, day, clocked, ok := r.date()
	if !ok {
		r.i = 0
		year, month, day, clocked = 1970, 1, 1, true
	}
	var tod int64
	switch {
	case r.i == len(r.s):
		if !ok {
			return 0, false
		}
	case !clocked:
		return 0, false
	default:
		if ok && !r.blanks() {
			return 0, false
		}
		if tod, ok = r.clock(); !ok || r.i != len(r.s) {
			return 0, false
		}
	}
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) {
		return 0, false
	}
	if zone == nil || zone == time.UTC {
		return days(year, month, day)*86_400_000 + tod, true
	}
	t := time.Date(year, time.Month(month), day, 0, 0, int(tod/1000), int(tod%1000)*1e6, zone)
	return t.UnixMilli(), true
}

// days returns the days from 1970-01-01 to a date of the proleptic Gregorian
// calendar. Years are counted from March, so that the leap day is the last.
func days(year, month, day int) int64 {
	if month < 3 {
		year--
		month += 12
	}
	era := year / 400
	if year < 0 {
		era = (year - 399) / 400
	}
	y := year - era*400
	return int64(era)*146097 + int64(y*365+y/4-y/100+(153*(month-3)+2)/5+day-1) - 719468
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// reader reads a text from left to right.
type reader struct {
	s []byte
	i int
}

// peek returns the next byte, 0 at the end.
func (r *reader) peek() byte {
	if r.i < len(r.s) {
		return r.s[r.i]
	}
	return 0
}

// accept skips c if it comes next.
func (r *reader) accept(c byte) bool {
	if r.peek() == c && c != 0 {
		r.i++
		return true
	}
	return false
}

// digits reads a number of lo to hi digits; n is how many there were, 0 for too
// few or too many.
func (r *reader) digits(lo, hi int) (v, n int) {
	for n < hi && r.peek()-'0' <= 9 {
		v = v*10 + int(r.peek()-'0')
		r.i++
		n++
	}
	if n < lo || r.peek()-'0' <= 9 {
		return 0, 0
	}
	return v, n
}

func (r *reader) blanks() bool {
	from := r.i
	for r.accept(' ') || r.accept('\t') {
	}
	return r.i > from
}

// month reads an English month's first three letters.
func (r *reader) month() int {
	if r.i+3 > len(r.s) {
		return 0
	}
	at := strings.Index("janfebmaraprmayjunjulaugsepoctnovdec", strings.ToLower(string(r.s[r.i:r.i+3])))
	if at < 0 || at%3 != 0 {
		return 0
	}
	r.i += 3
	return at/3 + 1
}

// year reads two or four digits.
func (r *reader) year() (int, bool) {
	v, n := r.digits(2, 4)
	return century(v, n), n == 2 || n == 4
}

func century(v, n int) int {
	switch {
	case n != 2:
		return v
	case v < 69:
		return v + 2000
	}
	return v + 1900
}

// date reads a date; clocked tells whether a time of day may follow.
func (r *reader) date() (year, month, day int, clocked, ok bool) {
	if month = r.month(); month > 0 { // Jan-24
		if r.accept('-') {
			year, ok = r.year()
		}
		return year, month, 1, false, ok
	}
	v, n := r.digits(1, 4)
	switch sep := r.peek(); {
	case n == 4: // 2024-01-31, 2024-01
		if !r.accept('-') {
			return
		}
		if month, n = r.digits(1, 2); n == 0 {
			return
		}
		if !r.accept('-') {
			return v, month, 1, false, true
		}
		day, n = r.digits(1, 2)
		return v, month, day, true, n > 0
	case n == 0 || n == 3:
		return
	case sep == '/' || sep == '-':
		r.i++
		if m := r.month(); m > 0 {
			if sep == '/' {
				return
			}
			if r.accept('-') { // 31-Jan-24
				year, ok = r.year()
				return year, m, v, false, ok
			}
			return century(v, n), m, 1, false, n == 2 // 24-Jan
		}
		if day, n = r.digits(1, 2); n == 0 || !r.accept(sep) { // 1/31/24
			return
		}
		year, ok = r.year()
		return year, v, day, true, ok
	}
	if month = r.month(); month > 0 { // 31Jan24
		year, ok = r.year()
	}
	return year, month, v, false, ok
}

// clock reads a time of day in milliseconds.
func (r *reader) clock() (ms int64, ok bool) {
	hour, n := r.digits(1, 2)
	sep := r.peek()
	if n == 0 || sep != ':' && sep != '.' {
		return 0, false
	}
	r.i++
	minute, n := r.digits(2, 2)
	if n == 0 || !r.accept(sep) {
		return 0, false
	}
	second, n := r.digits(2, 2)
	if n == 0 || minute > 59 || second > 59 {
		return 0, false
	}
	if r.accept('.') {
		scale := int64(100)
		for n = 0; r.peek()-'0' <= 9; n++ {
			ms += scale * int64(r.peek()-'0')
			scale /= 10
			r.i++
		}
		if n == 0 || n > 9 {
			return 0, false
		}
	}
	if r.blanks() {
		half := r.peek() | 0x20
		r.i++
		if half != 'a' && half != 'p' || r.peek()|0x20 != 'm' || hour < 1 || hour > 12 {
			return 0, false
		}
		r.i++
		hour %= 12
		if half == 'p' {
			hour += 12
		}
	}
	if hour > 23 {
		return 0, false
	}
	return int64(hour)*3_600_000 + int64(minute)*60_000 + int64(second)*1000 + ms, true
}
