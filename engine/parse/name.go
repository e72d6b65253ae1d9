package parse

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// extensions are cut off a file's name, as often as one is there.
var extensions = []string{"zip", "gz", "csv", "xls", "txt", "svm", "orc", "arff"}

// Destination suggests a frame's key from the sources' keys: the first one's base
// name without known extensions, made an identifier, and `.hex`; numbered while
// taken says so.
//
// H2O: an uploaded key, which has no path, is printed with its type in front
// (water.parser.ParseSetup.createHexName).
func Destination(names []string, taken func(string) bool) string {
	n := ""
	if len(names) > 0 {
		n = names[0]
	}
	if i := strings.LastIndexByte(n, '/'); i >= 0 {
		n = n[i+1:]
	} else {
		n = "Key<Frame> " + n
	}
	for {
		dot := strings.LastIndexByte(n, '.')
		if dot <= 0 || !known(n) {
			break
		}
		n = n[:dot]
	}
	if r, _ := utf8.DecodeRuneInString(n); r != '_' && r != '$' && !unicode.IsLetter(r) {
		n = "X" + n
	}
	n = strings.Map(func(r rune) rune {
		if r == '_' || r == '$' || unicode.IsLetter(r) || unicode.IsDigit(r) {
			return r
		}
		return '_'
	}, n)
	key := n + ".hex"
	for i := 1; taken != nil && taken(key); i++ {
		key = n + strconv.Itoa(i) + ".hex"
	}
	return key
}

func known(name string) bool {
	for _, e := range extensions {
		if strings.HasSuffix(name, e) {
			return true
		}
	}
	return false
}
