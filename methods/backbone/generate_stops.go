package backbone

import . "github.com/gomlx/gomlx/core/graph"

// Stops end rows of Generate at stop texts, by an automaton over tokens: in state s a row that
// writes token i goes to state Next[s·classes+Class[i]]. A row that gets to state 1 has ended.
type Stops struct {
	// State is the one in which each row begins, [batch].
	State *Node
	// Class is the class of each token, [vocabulary], and Next the states, [states·classes], all
	// int32.
	Class, Next *Node
	// Classes is their number.
	Classes *Node
}

// nodes are what goes round the loop.
func (s *Stops) nodes() []*Node {
	if s == nil {
		return nil
	}
	return []*Node{s.State, s.Class, s.Next, s.Classes}
}

// stopsOf puts the nodes back in their places; none are no stops.
func stopsOf(n []*Node) *Stops {
	if len(n) == 0 {
		return nil
	}
	return &Stops{n[0], n[1], n[2], n[3]}
}

// stopAfter takes the automaton's turn for the rows' last tokens.
func (s state) stopAfter(stops *Stops) state {
	class := Gather(stops.Class, InsertAxes(s.token, -1))
	next := Gather(stops.Next, InsertAxes(Add(Mul(stops.State, stops.Classes), class), -1))
	s.stops = &Stops{next, stops.Class, stops.Next, stops.Classes}
	s.ended = Or(s.ended, Equal(next, Const(s.token.Graph(), int32(1))))
	return s
}
