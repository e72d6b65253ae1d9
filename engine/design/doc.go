// Package design turns the columns of a frame into those that an algorithm works on:
// by an Encoding of categories, which stays with the model and makes columns like any
// others, or by the Layout and the matrix of a library that takes numbers alone.
package design
