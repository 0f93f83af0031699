package adapter

// DefaultCABR has the ranks that follow from the width, InverseTop, StartReleased, and neither
// bias, MagNorm nor merge.
func DefaultCABR() CABR {
	return CABR{Rule: SizesByWidth, Selection: InverseTop, Start: StartReleased, Former: FormerHeld, Merging: MergeNone, Precision: MergeFloat32}
}

// DefaultRestraint is the release's.
func DefaultRestraint() Restraint { return Restraint{Edge: 1.2, Share: 0.9, Decay: 0.99} }
