package methods

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/gomlx/gomlx/core/tensors"

	"secura/methods/adapter"
)

// toyParams fits a method's defaults to the toy's narrow projections and short tasks, and gives a
// rate at which the method learns there.
func toyParams(m Method) (params any, rate float64) {
	params, rate = m.NewParams(), toyRate
	switch p := params.(type) {
	case *ERParams:
		p.Buffer = 0.5
	case *DERPlusPlusParams:
		p.Buffer = 0.5
	case *ERBallParams:
		p.Buffer = 0.5
	case *ILoRAParams:
		p.Buffer, p.Lambda = 0.5, 0.8
	case *EWCParams:
		p.Lambda, p.FisherExamples = 10, 6
	case *CURLoRAParams:
		p.Rank, rate = 4, 0.2
	case *ILoRAReleasedParams:
		p.Rank, p.Gamma, p.Lambda = 4, 0.01, 0.8
	case *SecuraParams:
		p.Rank, p.Inner, rate = 3, 5, 0.2
	}
	return params, rate
}

// eachTrainable runs a subtest for every method that learns.
func eachTrainable(t *testing.T, test func(t *testing.T, m Method, open func(setting Setting) *Session, rate float64)) {
	for _, m := range All {
		if m.Kind == Untrained {
			continue
		}
		t.Run(m.Name, func(t *testing.T) {
			params, rate := toyParams(m)
			test(t, m, func(setting Setting) *Session {
				s, err := NewSession(toy, m, params, m.Name, setting)
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() {
					if err := s.Close(); err != nil {
						t.Error(err)
					}
				})
				return s
			}, rate)
		})
	}
}

// writesWeight says whether a method makes updates part of the weight.
func writesWeight(m Method) bool {
	switch p := m.Params.(type) {
	case SecuraParams:
		return p.Merge == string(adapter.MergeIntoWeight) || p.Merge == string(adapter.MergeFused)
	case CURLoRAParams:
		return p.Fold
	}
	return m.Name == ILoRAReleased.Name || m.Name == OLoRA.Name || m.Name == OSF.Name
}

// drawsNothing says whether a method chooses its columns and rows without a draw and makes none
// later.
func drawsNothing(m Method) bool {
	p, ok := m.Params.(SecuraParams)
	return m.Name == CURLoRA.Name || m.Name == CURLoRAReleased.Name || m.Name == SeqFull.Name || m.Name == OSF.Name || ok && p.Selection == string(adapter.InverseTop) && !p.Restraint
}

// neverMoves says whether no effective weight moves: the release's M2 never uses what it
// accumulates and learns by its bias alone, see TestPresetSecuraReleasedM2.
func neverMoves(m Method) bool { return m.Name == SecuraReleasedM2.Name }

// amplifies says whether S-MagNorm multiplies outputs from the second step on: the loss jumps then.
func amplifies(m Method) bool {
	p, ok := m.Params.(SecuraParams)
	return ok && p.MagNorm && p.Bias
}

// effectiveNames selects the effective weights of a snapshot.
func effectiveNames(all map[string][]float32) map[string][]float32 {
	all = maps.Clone(all)
	maps.DeleteFunc(all, func(name string, _ []float32) bool { return !strings.HasPrefix(name, "effective ") })
	return all
}

func TestEveryMethodIsDescribed(t *testing.T) {
	seen := map[string]bool{}
	for _, m := range All {
		if err := m.Validate(); err != nil {
			t.Error(err)
		}
		if seen[m.Name] {
			t.Errorf("%s is there twice", m.Name)
		}
		seen[m.Name] = true
		if found, ok := Find(m.Name); !ok || found.Doc != m.Doc {
			t.Errorf("%s is not found by its name", m.Name)
		}
		if p := m.NewParams(); (p == nil) != (m.Params == nil) || p != nil && p == m.NewParams() {
			t.Errorf("%s: NewParams does not copy the defaults", m.Name)
		}
	}
	if _, ok := Find("no-such-method"); ok {
		t.Error("an unknown method was found")
	}
	if names := Names(); len(names) != len(All) || names[0] != All[0].Name {
		t.Errorf("names are %v", names)
	}
}

func TestValidateNamesWhatIsWrong(t *testing.T) {
	for what, change := range map[string]func(m *Method){
		"name":    func(m *Method) { m.Name = "Not Lower" },
		"Doc":     func(m *Method) { m.Doc = "" },
		"Source":  func(m *Method) { m.Source = "" },
		"Params":  func(m *Method) { m.Params = 3 },
		"adapter": func(m *Method) { m.Adapter = nil },
	} {
		m := Seq
		change(&m)
		if err := m.Validate(); err == nil || !strings.Contains(err.Error(), what) {
			t.Errorf("%s: %v", what, err)
		}
	}
}

// pretrained are the backbone's weights on the host.
func pretrained(t *testing.T) map[string][]float32 {
	all := map[string][]float32{}
	for name, w := range toy.Model.Weights {
		all[name] = floats(t, w)
	}
	return all
}

func TestEveryMethodLearnsAndLeavesTheBackboneAlone(t *testing.T) {
	before := pretrained(t)
	eachTrainable(t, func(t *testing.T, m Method, open func(Setting) *Session, rate float64) {
		s := open(toySetting(1))
		for name, w := range effective(t, s) {
			if d := apart(w, before[name]); !(d <= 1e-6) {
				t.Errorf("at the start %s is %g from the pretrained weight", name, d)
			}
		}
		if n := s.TrainedParameters(); n < 1 {
			t.Errorf("%d trained parameters", n)
		}
		if n := s.StateBytes(); n < 4*s.TrainedParameters() {
			t.Errorf("state of %d bytes, with %d trained parameters", n, s.TrainedParameters())
		}
		start := snapshot(t, s)
		losses := learn(t, s, 1, 0, rate)
		first, last := losses[0]+losses[1], losses[toySteps-2]+losses[toySteps-1] // two batches are all examples
		t.Logf("loss %.3f → %.3f", first/2, last/2)
		if amplifies(m) {
			first = losses[2] + losses[3]
		}
		if neverMoves(m) && len(differing(effectiveNames(start), effectiveNames(snapshot(t, s)))) > 0 {
			t.Error("an effective weight moved")
		}
		if !(last < 0.9*first) {
			t.Errorf("the loss went from %g to %g in %d steps", first/2, last/2, toySteps)
		}
		moved := map[string]bool{}
		for _, name := range differing(start, snapshot(t, s)) {
			moved[name] = true
		}
		writesBase := writesWeight(m)
		for _, v := range s.variables {
			frozen := strings.HasSuffix(v.name, "/C") || strings.HasSuffix(v.name, "/R") || strings.HasSuffix(v.name, "/"+adapter.NormsTensor) || strings.HasSuffix(v.name, "/W") && !writesBase
			if frozen && moved[v.name] {
				t.Errorf("%s moved", v.name)
			}
			if v.name == stepsLeft || v.name == sfaStep || v.name == ewcSpread { // a task's end sets the first two back, the other is 0 until the second
				continue
			}
			if moved[v.name] != v.written && !slices.Contains([]string{"B", "U"}, v.name[strings.LastIndexByte(v.name, '/')+1:]) {
				t.Errorf("%s moved: %v; counts as written: %v", v.name, moved[v.name], v.written)
			}
		}
		for _, p := range s.projections {
			if !moved["effective "+p.WeightName()] && !neverMoves(m) {
				t.Errorf("the effective weight %s did not move", p.WeightName())
			}
		}
	})
	if names := differing(before, pretrained(t)); len(names) > 0 {
		t.Errorf("weights of the backbone moved: %v", names)
	}
}

func TestGoingOnFromACheckpointIsBitIdentical(t *testing.T) {
	eachTrainable(t, func(t *testing.T, m Method, open func(Setting) *Session, rate float64) {
		var finals []map[string][]float32
		for _, carry := range []bool{false, true} {
			setting := toySetting(1)
			setting.CarryOptimizer = carry
			unbroken, broken, other := open(setting), open(setting), open(setting)
			learn(t, unbroken, 1, 0, rate)
			learn(t, broken, 1, 0, rate)
			if names := differing(snapshot(t, unbroken), snapshot(t, broken)); len(names) > 0 {
				t.Fatalf("equal seeds differ in %v", names)
			}
			dir := t.TempDir()
			if err := broken.Save(dir); err != nil {
				t.Fatal(err)
			}
			if err := other.Load(dir); err != nil {
				t.Fatal(err)
			}
			again := t.TempDir()
			if err := other.Save(again); err != nil {
				t.Fatal(err)
			}
			if a, b := readDir(t, dir), readDir(t, again); a != b {
				t.Error("what was loaded is saved otherwise")
			}
			a := learn(t, unbroken, 1, 1, rate)
			b := learn(t, other, 1, 1, rate)
			if !slices.Equal(a, b) {
				t.Errorf("carry %v: losses %v, from the checkpoint %v", carry, a, b)
			}
			final := snapshot(t, unbroken)
			if names := differing(final, snapshot(t, other)); len(names) > 0 {
				t.Errorf("carry %v: going on differs in %v", carry, names)
			}
			finals = append(finals, final)
		}
		if same := len(differing(finals[0], finals[1])) == 0; same != m.KeepMoments {
			t.Errorf("carrying the optimiser changes nothing: %v; the method always does: %v", same, m.KeepMoments)
		}
		if !drawsNothing(m) { // nor do their batches change
			s := open(toySetting(2))
			learn(t, s, 2, 0, rate)
			learn(t, s, 2, 1, rate)
			if len(differing(finals[0], snapshot(t, s))) == 0 {
				t.Error("another seed gives the same")
			}
		}
	})
}

// Each projection starts from its own draws, the same in every session of a seed.
func TestProjectionsStartApart(t *testing.T) {
	s, again := open[*LoRAParams](t, Seq, "", toySetting(1), nil), open[*LoRAParams](t, Seq, "", toySetting(1), nil)
	other := open[*LoRAParams](t, Seq, "", toySetting(2), nil)
	for i, p := range s.projections {
		name := Name(p, "", "A")
		if apart(value(t, s, name), value(t, again, name)) != 0 || apart(value(t, s, name), value(t, other, name)) == 0 {
			t.Errorf("%s does not follow the seed", name)
		}
		for _, q := range s.projections[:i] {
			if apart(value(t, s, name), value(t, s, Name(q, "", "A"))) == 0 {
				t.Errorf("%v and %v start from the same values", p, q)
			}
		}
	}
}

func TestFrozenHoldsNothing(t *testing.T) {
	s, err := NewSession(toy, Frozen, Frozen.NewParams(), Frozen.Name, toySetting(1))
	if err != nil {
		t.Fatal(err)
	}
	if e := effective(t, s); len(e) != 0 || s.TrainedParameters() != 0 || s.StateBytes() != 0 || s.ReplayRows() != 0 {
		t.Errorf("effective weights %v, %d parameters, %d bytes", e, s.TrainedParameters(), s.StateBytes())
	}
	if _, err := s.Step(toyBatch(0, rowsOf(0, 0), nil), toyRate); err == nil || !strings.Contains(err.Error(), Frozen.Name) {
		t.Errorf("a step of an untrained method: %v", err)
	}
	dir := t.TempDir()
	if err := s.Save(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Load(dir); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestLoadRefuses(t *testing.T) {
	seq := open[*LoRAParams](t, Seq, "", toySetting(1), nil)
	learn(t, seq, 1, 0, toyRate)
	dir := t.TempDir()
	if err := seq.Save(dir); err != nil {
		t.Fatal(err)
	}
	carry := toySetting(1)
	carry.CarryOptimizer = true
	wide := open(t, Seq, "wide", toySetting(1), func(p *LoRAParams) { p.Rank = 9 })
	cur := open(t, CURLoRA, "load", toySetting(1), func(p *CURLoRAParams) { p.Rank = 4 })
	for want, s := range map[string]*Session{
		"moment":                open[*LoRAParams](t, Seq, "", carry, nil),
		"expected (Float32)[9":  wide,
		"belong to no variable": cur,
	} {
		if err := s.Load(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want an error with %q, got %v", want, err)
		}
	}
	if err := seq.Load(t.TempDir()); err == nil {
		t.Error("an empty folder was loaded")
	}
}

func TestSettingsAreRefused(t *testing.T) {
	for want, targets := range map[string][]string{"no_proj": {"no_proj"}, "twice": {"q_proj", "v_proj", "q_proj"}, "no projection": {}} {
		setting := toySetting(1)
		setting.Targets = targets
		if _, err := NewSession(toy, Seq, Seq.NewParams(), "refused", setting); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("targets %v: %v", targets, err)
		}
	}
}

func TestBatchesOfOtherShapesAreRefused(t *testing.T) {
	s := open[*LoRAParams](t, Seq, "", toySetting(1), nil)
	short := toyBatch(0, rowsOf(0, 0), nil)
	short.Tokens = short.Tokens[1:]
	for _, b := range []Batch{{}, short, toyBatch(1, rowsOf(0, 0), nil)} {
		if _, err := s.Step(b, toyRate); err == nil {
			t.Errorf("a batch of %d rows and %d tokens was taken", b.Rows, len(b.Tokens))
		}
	}
	if s.steps != 0 {
		t.Errorf("%d steps were counted", s.steps)
	}
}

// FromFlatDataAndDimensions must copy: a method's variables share starting values.
func TestTensorsCopyTheirValues(t *testing.T) {
	values := []float32{1, 2}
	x := tensors.FromFlatDataAndDimensions(values, 2)
	values[0] = 3
	if got := floats(t, x); got[0] != 1 {
		t.Errorf("the tensor holds %v", got)
	}
}
