package methods

// Frozen never learns: the base row that the others are measured against. It costs nothing.
var Frozen = Method{
	Name:   "frozen",
	Doc:    "The untouched backbone: the reference of learning and of retention.",
	Source: "No paper; every continual-learning table needs this row.",
	Kind:   Untrained,
	Cost:   0.1,
}
