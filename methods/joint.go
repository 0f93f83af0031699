package methods

// JointTraining learns a shuffled mixture of all tasks at once with SEQ's adapter, for as many
// steps as the stream has in all. It bounds from above what a continual learner could reach; it is
// no continual learner.
var JointTraining = Method{
	Name:   "joint",
	Doc:    "One LoRA adapter trained on the shuffled mixture of all tasks for the sum of their steps: the usual reference.",
	Source: "No paper. LoRA: arXiv 2106.09685; checked against peft 0.21.2.",
	Kind:   Joint,
	Cost:   0.7, // two rows of evaluation
	// Of 3e-3, 6.5e-3 and 1.4e-2 the best on the validation splits of continual16, on nano: 84.7,
	// 89.8 and 89.6.
	LearningRate: 6.5e-3,
	Params:       defaultLoRA,
	Adapter:      newLoRA,
}
