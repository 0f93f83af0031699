package methods

import "github.com/gomlx/gomlx/core/graph"

// LwF, learning without forgetting, is KL with another teacher: the model before this task, which
// is the untouched backbone for the first one. The texts are those of the task that is learned;
// nothing of earlier tasks is kept (Li and Hoiem 2016, equation 2, with the temperature of Hinton
// et al. 2015).
var LwF = Method{
	Name: "lwf",
	Doc: "Learning without forgetting: on the texts of the task that is learned, predictions are held near those of the model " +
		"before this task, at a raised temperature.",
	Source:  "arXiv 1606.09282, section 3; value and gradient checked against torch.",
	Cost:    1.3,
	Params:  DistillationParams{defaultLoRA, 1, 2, "forward"},
	Tuning:  distillationTuning,
	Adapter: newLoRA,
	Start: func(params any, s *Session) (Hooks, error) {
		hooks, err := startDistillation(params, s)
		hooks.AfterTask = func(t *TaskEnd) error {
			return t.Update("teacher", nil, func(v Vars, _ []*graph.Node) {
				s.copyTrained(v, teacherCopy)
			})
		}
		return hooks, err
	},
}
