package methods

// All lists the methods in the order in which tables print them.
var All = []Method{
	Frozen, Seq, SeqFull, LoRA, DoRA, ER, EWC, EWCSeparate, ILoRA, CURLoRA, CURLoRAPaper,
	CABR, Secura, SecuraM2, SecuraK, SecuraNormed, SecuraReleasedM1, SecuraReleasedM2,
	CABRReleased, CURLoRAReleased, ILoRAReleased,
	ERBall,
	WiSEFT, SFA, EMALoRA, KL, LwF, OLoRA,
	JointTraining,
}
