// Package model is what all algorithms share: the statement of an algorithm
// (Spec), its erased form that HTTP, grid and AutoML see (Algo), one training
// (Task), the trained thing (Model), and what is done around any training:
// adapting frames, cross-validation, early stopping, scoring, saving.
package model
