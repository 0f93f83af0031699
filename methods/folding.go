package methods

import (
	"maps"

	"github.com/gomlx/gomlx/core/graph"

	"secura/methods/adapter"
)

// Fold makes the adapter's update part of every adapted weight.
func (t *TaskEnd) Fold() error {
	folder := t.session.adapter.(adapter.Folder)
	return t.Update("fold", nil, func(v Vars, _ []*graph.Node) { t.session.fold(folder.Fold, v) })
}

// folding gives a projection's new weight and tensors.
type folding func(w *graph.Node, v map[string]*graph.Node) (*graph.Node, map[string]*graph.Node)

// fold applies one projection's folding to all of them.
func (s *Session) fold(one folding, v Vars) {
	for _, p := range s.projections {
		before := v.Of(s, p, "")
		w, after := one(v.Base(p), maps.Clone(before))
		v[Name(p, "", baseTensor)] = w
		for name, n := range after {
			if n != before[name] {
				v[Name(p, "", name)] = n
			}
		}
	}
}
