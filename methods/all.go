package methods

// All lists the methods in the order in which tables print them.
var All = []Method{Frozen, Seq, ER, EWC, ILoRA, CURLoRA, Secura, JointTraining}
