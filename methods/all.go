package methods

import "slices"

// Group is a part of the list of methods, with what its methods have in common.
type Group struct {
	Name    string
	Methods []Method
}

// Groups are all methods in the order in which tables print them. A new one is put into the group
// that it belongs to.
var Groups = []Group{
	{"References", []Method{Frozen, JointTraining, SeqFull, LoRA, DoRA}},
	{"The paper's methods", []Method{Seq, ER, EWC, ILoRA, CURLoRA, Secura}},
	{"SECURA's parts and variants", []Method{CABR, SecuraM2, SecuraK, SecuraNormed}},
	{"SECURA's release", []Method{SecuraReleasedM1, SecuraReleasedM2, CABRReleased, CURLoRAReleased, ILoRAReleased}},
	{"Beyond the paper", []Method{EWCSeparate, CURLoRAPaper, ERBall, DERPlusPlus, WiSEFT, SFA, EMALoRA, KL, LwF, OLoRA, OSF}},
}

// All lists the methods of all groups.
var All = all()

func all() (list []Method) {
	for _, g := range Groups {
		list = slices.Concat(list, g.Methods)
	}
	return list
}
