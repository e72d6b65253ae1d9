// Package rapids evaluates the expression language that H2O's clients send: a
// small Lisp over frames, numbers and text.
//
//	expr   := call | func | list | text | number | name
//	call   := '(' expr+ ')' [ '->' name ]     "-> name" keeps the result as a temporary
//	func   := '{' name* '.' expr '}'
//	list   := '[' text* ']' | '[' numspec* ']'
//	numspec:= number [ ':' count [ ':' stride ] ]
//
// A name means, in this order: an argument of an enclosing function, a constant
// (True, FALSE, NaN, PI, null …), an object of the host, a primitive. A Session
// evaluates one expression at a time against a Host, which holds the objects, and
// owns the temporaries that its expressions name.
//
// Frames are never changed: whatever seems to assign gives a new frame that shares
// the columns that stay. Columns are computed in chunks of rows in parallel, with
// results that do not depend on the number of threads.
//
// Sizes are bounded before work starts: the length of an expression, its depth, the
// length of a list. A function is never an argument of a function, so that an
// expression always ends.
package rapids
