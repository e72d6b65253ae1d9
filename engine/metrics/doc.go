// Package metrics measures predictions against actual values: regression,
// binomial and multinomial, all weighted; and anomaly scores, which have none. A builder takes rows in chunks; chunks
// are merged in row order, so that the number of threads cannot change a digit.
// Regress, Binary and Multi do the whole in one call.
//
// A row counts when its actual value and its predictions are present and its
// weight is above 0; a class number that is not in the domain is missing too. A
// weight of 2 is the same as the row twice, in every number.
//
// Notation: y actual, mu prediction, w weight, W their sum. TP and FP are the
// weights of the rows of class 1 and of class 0 that score at or above a
// threshold, P and N those of all rows, TPR = TP/P, FPR = FP/N.
//
//	MSE         Σ w (y − mu)² / W;  classes: Σ w (1 − p_y)² / W
//	r2          1 − MSE / variance of y (of the class number)
//	logloss     −Σ w log(max(p_y, 1e-15)) / W
//	AUC         area under TPR over FPR, ties joined by a straight line
//	pr_auc      area under precision over recall; between two scores FP grows in
//	            proportion to TP, so that precision is a hyperbola (see curve.go)
//	KS          largest |TPR − FPR|
//
// H2O: it keeps at most 400 scores while it reads the rows, merging neighbours,
// and takes every number of the curve from them. Here AUC, pr_auc, Gini and KS
// come from all scores; the same up to 400 distinct scores, exact beyond. The
// table of thresholds has at most 400 rows in both; a row's threshold is here the
// least score of its bin, so that its counts are what the threshold gives. H2O
// does not weight the confusion matrix and the hit ratios of several classes, and
// cuts weights to whole numbers in the gains/lift table; here weights count
// everywhere.
//
// Ref: Davis & Goadrich (2006), The relationship between precision-recall and ROC
// curves, ICML.
package metrics
