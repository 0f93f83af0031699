package methods

// All lists the methods in the order in which tables print them.
var All = []Method{
	Frozen, Seq, ER, EWC, ILoRA, CURLoRA,
	CABR, Secura, SecuraM2, SecuraK, SecuraNormed, SecuraReleasedM1, SecuraReleasedM2,
	JointTraining,
}
