package suite

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"reflect"
	"slices"
	"sort"
	"strings"

	"secura/datasets"
)

// OfManifest reads the suite that a run's manifest, the file at path, has in it. It can be planned:
// other rules may be younger than the run.
func OfManifest(path string, raw json.RawMessage) (s Suite, err error) {
	if err := json.Unmarshal(raw, &s); err != nil {
		return Suite{}, fmt.Errorf("read the suite in %s: %w", path, err)
	}
	r := &rules{}
	r.atLeast("seeds", s.Seeds, 1)
	r.atLeast("orders", s.Orders, 1)
	s.validateCells(r)
	s.validateTaskOrders(r)
	return s, asBegun(path, r.broken...)
}

// Computable is OfManifest for what computes: each rule of a suite holds, and no length of its rows
// is left to the data.
func Computable(path string, raw json.RawMessage) (Suite, error) {
	s, err := OfManifest(path, raw)
	if err != nil {
		return Suite{}, err
	}
	mistakes := s.mistakes(nil, false)
	if s.LeavesLengths() {
		mistakes = append(mistakes, fmt.Errorf("training.length is %d, training.answer_length %d and evaluation.lengths %v: none may be left to the data, of which they are chosen when a run begins",
			s.Training.Length, s.Training.AnswerLength, s.Evaluation.Lengths))
	}
	return s, asBegun(path, mistakes...)
}

// asBegun names a manifest, and what to do, beside what is wrong with its suite.
func asBegun(path string, mistakes ...error) error {
	if err := Told(mistakes...); err != nil {
		return fmt.Errorf("the suite in %s is not as a run began with it; bring back the file that the run wrote: %w", path, err)
	}
	return nil
}

// Merge unites two resolved suites, as manifests have them, that may differ in seeds, orders,
// methods and what changes no number alone. Methods are matched by their "name". With anyBackend,
// the backend that was asked for may differ too. Any other difference is an error that names all of
// them.
func Merge(old, new json.RawMessage, anyBackend bool) (json.RawMessage, error) {
	was, err := decodeObject(old)
	if err != nil {
		return nil, fmt.Errorf("continue run: the manifest's suite: %w", err)
	}
	is, err := decodeObject(new)
	if err != nil {
		return nil, fmt.Errorf("continue run: the new suite: %w", err)
	}
	asked, err := json.Marshal(is)
	if err != nil {
		return nil, err
	}
	var d differences
	for _, key := range unionOfKeys(was, is) {
		switch key {
		case "backend":
			if !anyBackend {
				d.compare(key, was[key], is[key])
			}
		case "revisions": // of a run that began without them, the hash of each file is compared
			if was[key] != nil {
				d.compare(key, was[key], is[key])
			}
		case "seeds", "orders":
			a, errA := integer(was[key])
			b, errB := integer(is[key])
			if err := errors.Join(errA, errB); err != nil {
				return nil, fmt.Errorf("continue run: %s: %w", key, err)
			}
			is[key] = max(a, b)
		case "methods":
			is[key] = d.methods(was[key], is[key])
		default:
			d.compare(key, was[key], is[key])
		}
	}
	if len(d) > 0 {
		return nil, fmt.Errorf("continue run: the settings have changed; go back to the old ones or give another -out:\n  %s", strings.Join(d, "\n  "))
	}
	merged, err := json.Marshal(is)
	if bytes.Equal(merged, asked) {
		return new, err // as it is written, so that the same command leaves the same manifest
	}
	return merged, err
}

// Differ names the settings of the first level, such as "training", in which two resolved suites
// differ, but for what changes no number and for the settings of but.
func Differ(a, b json.RawMessage, but ...string) (names []string, err error) {
	was, err := decodeObject(a)
	if err != nil {
		return nil, err
	}
	is, err := decodeObject(b)
	if err != nil {
		return nil, err
	}
	for _, key := range unionOfKeys(was, is) {
		var d differences
		if !slices.Contains(but, key) {
			d.compare(key, was[key], is[key])
		}
		if len(d) > 0 {
			names = append(names, key)
		}
	}
	return names, nil
}

type differences []string

// numberless are the settings that change no number: a run goes on with others. Hash leaves out all
// but the last, which says what trials a tuning may choose: hashes that are published have it.
var numberless = []string{"doc", "tables", "slurm", "training.checkpoint_every", "tuning.learned_share"}

// packs is the setting of how batches are laid out, which runs from before there was a choice do
// not have.
const packs = "training.pack"

func (d *differences) compare(path string, old, new any) {
	if slices.Contains(numberless, path) {
		return
	}
	if a, ok := old.(map[string]any); ok {
		if b, ok := new.(map[string]any); ok {
			for _, key := range unionOfKeys(a, b) {
				d.compare(path+"."+key, a[key], b[key])
			}
			return
		}
	}
	if a, ok := old.([]any); ok {
		if b, ok := new.([]any); ok && len(a) == len(b) {
			for i := range a {
				d.compare(fmt.Sprintf("%s[%d]", path, i), a[i], b[i])
			}
			return
		}
	}
	if a, b := show(old), show(new); a != b {
		text := fmt.Sprintf("%s was %s, is %s", path, a, b)
		if path == packs && old == nil {
			text += "; a run that began without it goes on with -set " + packs + "=false"
		}
		*d = append(*d, text)
	}
}

// saidOfMethods are the keys of a method that change no number of its cells: why it has its
// settings, and what a tuning may try.
var saidOfMethods = []string{"reason", "learning_rates", "fixed"}

// methods compares those of both suites, and gives all of them: what is said of one is as it is
// said now. They are in the order of the new suite where that has all of them, so that a run which
// is made in pieces ends with the plan of the whole; else those that it brings come last.
func (d *differences) methods(old, new any) any {
	a, _ := old.([]any)
	b, _ := new.([]any)
	union, both := slices.Clone(a), 0
	for _, m := range b {
		i := slices.IndexFunc(a, func(other any) bool { return nameOf(other) == nameOf(m) })
		if i < 0 {
			union = append(union, m)
			continue
		}
		d.compare("methods."+nameOf(m), settings(a[i]), settings(m))
		union[i] = m
		both++
	}
	if both == len(a) && len(b) > len(a) {
		return b
	}
	return union
}

// OtherSetting is the first of a method's settings, in the order of their names, that differs
// between those that a cell was computed with and those of now, as in "lambda was 100, is 1000";
// empty if there is none. What only one of both has is not compared.
func OtherSetting(was, now map[string]any) string {
	var d differences
	for _, key := range unionOfKeys(now) {
		if old, kept := was[key]; kept {
			d.compare(key, old, now[key])
		}
		if len(d) > 0 {
			return d[0]
		}
	}
	return ""
}

// settings are a method's keys less saidOfMethods.
func settings(method any) any {
	m, ok := method.(map[string]any)
	if !ok {
		return method
	}
	kept := maps.Clone(m)
	for _, key := range saidOfMethods {
		delete(kept, key)
	}
	return kept
}

func nameOf(m any) string {
	switch m := m.(type) {
	case string:
		return m
	case map[string]any:
		name, _ := m["name"].(string)
		return name
	}
	return ""
}

func decodeObject(data []byte) (map[string]any, error) {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	var m map[string]any
	if err := decoder.Decode(&m); err != nil {
		return nil, err
	}
	if m == nil {
		return nil, errors.New("not an object")
	}
	return m, nil
}

func unionOfKeys(maps ...map[string]any) []string {
	seen := map[string]bool{}
	var keys []string
	for _, m := range maps {
		for k := range m {
			if !seen[k] {
				seen[k] = true
				keys = append(keys, k)
			}
		}
	}
	sort.Strings(keys)
	return keys
}

func integer(v any) (int64, error) {
	n, ok := v.(json.Number)
	if !ok {
		return 0, fmt.Errorf("%s is not a number", show(v))
	}
	return n.Int64()
}

func show(v any) string {
	if v == nil {
		return "not set"
	}
	data, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(data)
}

// AskOtherwise names the first task of two suites, or of their batteries, that does not ask the
// same questions in both or takes other answers for right, and the keys in which it differs; empty
// where there is none. Tasks are told by their names.
func AskOtherwise(a, b Suite) (task string, keys []string) {
	for _, one := range slices.Concat(a.Tasks, a.Knowledge) {
		for _, other := range slices.Concat(b.Tasks, b.Knowledge) {
			if one.Name != other.Name {
				continue
			}
			if keys = askedOtherwise(one, other, a.Evaluation.Split); len(keys) > 0 {
				return one.Name, keys
			}
		}
	}
	return "", nil
}

// askedOtherwise names the keys in which two tasks differ that decide what is asked of a split and
// what is right. Where both sources are absolute, their last parts count: machines keep data in
// other folders.
func askedOtherwise(a, b datasets.Task, split string) (keys []string) {
	if filepath.IsAbs(a.Source) && filepath.IsAbs(b.Source) {
		a.Source, b.Source = filepath.Base(a.Source), filepath.Base(b.Source)
	}
	ours, theirs := reflect.ValueOf(asked(a, split)), reflect.ValueOf(asked(b, split))
	for i := range ours.NumField() {
		if !reflect.DeepEqual(ours.Field(i).Interface(), theirs.Field(i).Interface()) {
			tag := ours.Type().Field(i).Tag
			key, _, _ := strings.Cut(tag.Get("yaml"), ",")
			if key == "-" {
				key, _, _ = strings.Cut(tag.Get("json"), ",")
			}
			keys = append(keys, key)
		}
	}
	return keys
}

// asked is a task without what does not decide what is asked of a split: how it is called, how it
// is scored, and its other splits.
func asked(t datasets.Task, split string) datasets.Task {
	t.Name, t.Family, t.Scores, t.Readable = "", "", nil, nil
	t.Splits = datasets.Splits{Test: t.Splits.Of(split)}
	t.Limits = datasets.Limits{Test: t.Limits.For(split), Seed: t.Limits.Seed}
	return t
}
