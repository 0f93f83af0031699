package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"time"

	"secura/experiments"
	"secura/experiments/machine"
	"secura/experiments/suite"
	"secura/experiments/toyrun"
	"secura/methods"
)

// attempt is a setting of a hostile user, as -set takes it; value is JSON, or a word of YAML such
// as .nan.
type attempt struct{ key, value string }

func (a attempt) String() string {
	return fmt.Sprintf("%s=%.80s", a.key, a.value)
}

// name is the last word of the key, which an error has to name.
func (a attempt) name() string { return a.key[strings.LastIndexByte(a.key, '.')+1:] }

// named says whether an error names the key, or what the key stands for, or the value where a file
// was looked through for it.
func (a attempt) named(err error) bool {
	text, value := err.Error(), strings.Trim(a.value, `"[]`)
	for key, other := range map[string]string{"preset": "method ", "params": "parameters of ", "knowledge": "task ",
		"battery": "task ", "source": "no file of split", "answers_column": "unknown column", "options_column": "unknown column", "train": "no file of split", "test": "no file of split"} {
		if a.name() == key && strings.Contains(text, other) {
			return true
		}
	}
	value, _, _ = strings.Cut(strings.Trim(value, "{}."), ",")
	return strings.Contains(text, strings.TrimSuffix(a.name(), "s")) || len(value) > 1 && strings.Contains(text, value)
}

// hostileNumbers are for whole numbers and for others, hostileTexts for names, paths, words of a
// list and templates.
var (
	hostileNumbers = []string{"-1", "0", "1", "2", "3", "0.5", "-0.0", "1000000000", "9223372036854775807", "9223372036854775808", "1e300", "-1e300", "1e-300",
		".nan", ".inf", "-.inf", "0x10", "010", "1_000", `"5"`}
	hostileTexts = []string{"", " ", "a b", "a/b", "..", "../../x", ".", "/etc/passwd", "-x", "~", "<script>alert(1)</script>", "a\nb", "\x00", "\u202e\u0301", "é",
		strings.Repeat("n", 300), strings.Repeat("n", 100_000), "{{", "{{.absent}}", "{{.question}}{{.question}}", "{{range .options}}", "{{.}}", "%s%n", "$(id)", "nan", "CON", "a,b"}
	wrongKinds = []string{"null", "[]", "{}", "[1]", "[[[]]]", "{a: 1}", "true", "yes", "1", "text", "*alias", "&anchor 1", "!!binary aGk=", "!!float 1", "", "[", "2001-01-01"}
)

// quoted is a text as JSON.
func quoted(text string) string {
	data, err := json.Marshal(text)
	if err != nil {
		panic(err)
	}
	return string(data)
}

// attempts of hostile users. A key that stands in several places, such as those of every task, is
// tried in full in the first of them that has it and in the first that lacks it, and with numbers
// alone in the others, unless all is asked for.
type attempts struct {
	seen map[string]bool
	all  bool
}

// hostileVariable asks for all attempts.
const hostileVariable = "SECURA_HOSTILE"

func newAttempts() attempts { return attempts{map[string]bool{}, os.Getenv(hostileVariable) != ""} }

// of are the attempts on the keys of a struct.
func (w attempts) of(v reflect.Value, key string) (list []attempt) {
	for i := range v.NumField() {
		field := v.Type().Field(i)
		name, option, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case option == "inline":
			list = append(list, w.of(v.Field(i), key)...)
		case name == "" || name == "-":
		default:
			place := fmt.Sprintf("%v.%s %v", v.Type(), name, v.Field(i).IsZero())
			list = append(list, w.on(v.Field(i), strings.TrimPrefix(key+"."+name, "."), w.all || !w.seen[place])...)
			w.seen[place] = true
		}
	}
	return list
}

// on gives for a key, and for those below it, whatever keys there are, what a hostile user would
// set it to.
func (w attempts) on(v reflect.Value, key string, whole bool) (list []attempt) {
	add := func(values ...string) {
		for _, value := range values {
			list = append(list, attempt{key, value})
		}
	}
	if whole {
		add(wrongKinds...)
	}
	switch v.Kind() {
	case reflect.Struct:
		list = append(list, w.of(v, key)...)
	case reflect.Slice:
		if whole {
			add(listsOf(v)...)
		}
		for i := range v.Len() {
			if item := v.Index(i); item.Kind() == reflect.Struct {
				list = append(list, w.of(item, key+"."+item.FieldByName("Name").String())...)
			}
		}
	case reflect.String:
		for _, text := range hostileTexts {
			if whole {
				add(quoted(text))
			}
		}
	case reflect.Int, reflect.Int64, reflect.Float64:
		add(hostileNumbers...)
	}
	return list
}

// listsOf are lists in the place of one: of a hostile item and of it twice, of the own items twice
// and ten thousand times, and of ten thousand others.
func listsOf(v reflect.Value) (lists []string) {
	for _, item := range (attempts{map[string]bool{}, true}).on(reflect.Zero(v.Type().Elem()), "item", true) {
		if item.key == "item" && len(item.value) < 10_000 {
			lists = append(lists, "["+item.value+"]", "["+item.value+","+item.value+"]")
		}
	}
	own, err := json.Marshal(v.Interface())
	if err != nil {
		panic(err)
	}
	if text := strings.Trim(string(own), "[]"); v.Len() > 0 && v.Type().Elem().Kind() != reflect.Struct {
		lists = append(lists, "["+text+","+text+"]", "["+strings.Repeat(text+",", 10_000)+text+"]")
	}
	var distinct strings.Builder
	for i := range 10_000 {
		fmt.Fprintf(&distinct, "x%d,", i)
	}
	return append(lists, "["+strings.Repeat("1,", 10_000)+"1]", "["+distinct.String()+"x]")
}

// hostileSuite is a toy with tasks of each kind, in a folder with its data. Names of it stand for
// lists in attempts.
const hostileSuite = `name: toy
doc: A toy.
tasks:
  - {name: next, family: toy, source: next, prompt: "{{.question}}:", answer: " {{.answer}}", scores: [exact, squad_f1], max_new_tokens: 3, stop: ["x"]}
  - {name: choose, family: toy, source: choose, prompt: "{{.question}}:", options_column: options, option: " {{.}}", gold: "{{.gold}}", scores: [accuracy]}
  - {name: listed, family: toy, source: choose, prompt: "{{.question}}:", options: [" red", " {{.question}}"], gold: yes, gold_labels: [yes, no], scores: [accuracy]}
knowledge:
  - {name: battery, family: toy, source: battery, prompt: "{{.question}}:", answer: " {{.answer}}", scores: [exact], max_new_tokens: 3}
held_out: {source: battery, where: '{{ne .answer "x"}}', text: "{{.question}} {{.answer}}", rows: 4}
methods:
  - seq
  - {preset: er, name: er, params: {buffer: 0.2}}
task_orders: [[choose, next, listed]]
orders: 2
tables: [norms]
training: {targets: [q_proj, v_proj], steps: 4, batch: 4, length: 16, lengths: [8], answer_length: 8, checkpoint_every: 2}
evaluation: {lengths: [8, 16], batch: 4, every_steps: 3, at_steps: [2]}
slurm: {extra: [--nice]}
`

// hostile is a folder with the toy's suite and data.
type hostile struct{ dir, file string }

func newHostile(t *testing.T) hostile {
	t.Helper()
	h := hostile{dir: t.TempDir()}
	h.file = filepath.Join(h.dir, "toy.yaml")
	err := toyrun.Write(h.dir)
	if err == nil {
		err = os.WriteFile(h.file, []byte(hostileSuite), 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("HF_HUB_OFFLINE", "1")
	t.Setenv("HF_HUB_CACHE", filepath.Join(h.dir, "hub"))
	t.Chdir(h.dir)
	return h
}

// suite is the toy's suite with settings; methods may be further ones.
func (h hostile) suite(methods []string, settings ...string) (suite.Suite, error) {
	set := []string{"backbone=" + quoted(filepath.Join(h.dir, "backbone"))}
	return suite.Load(h.file, suite.Options{Presets: experiments.KnownPresets(), Methods: methods, Set: append(set, settings...)})
}

// validate is what the command of that name does.
func (h hostile) validate(methods []string, a attempt) (suite.Suite, error) {
	s, _, err := h.prepare(methods, a)
	return s, err
}

// prepare is what a run does before it trains.
func (h hostile) prepare(methods []string, a attempt) (s suite.Suite, prepared *experiments.Prepared, err error) {
	var settings []string
	for _, name := range methods {
		if strings.HasPrefix(name, "cur-lora") {
			settings = append(settings, "methods."+name+".params.rank=4") // the toy's matrices are [8, 16]
		}
	}
	s, err = h.suite(methods, append(settings, a.key+"="+a.value)...)
	if err == nil {
		err = s.CheckParams(experiments.KnownPresets())
	}
	if err == nil {
		prepared, err = prepare(context.Background(), s, h.dir, io.Discard)
	}
	if err == nil {
		_, err = suite.Plan(s)
	}
	return s, prepared, err
}

// Bounds of what it takes to find a setting good or wrong, and of what is said of it.
const (
	hostileSeconds = 20 // of processor time
	hostileBytes   = 1 << 30
	hostileText    = 16 << 10
)

// soon waits for what takes little. Where the machine has other work, that is long by the clock.
func soon(t *testing.T, what string, done <-chan error) error {
	t.Helper()
	spent := machine.StartClock()
	for {
		select {
		case err := <-done:
			return err
		case <-time.After(time.Second):
			if s := spent(); s.Processor > hostileSeconds || s.Seconds > 60*hostileSeconds {
				t.Fatalf("%s: not done after %.0f seconds, %.0f of them by the processor", what, s.Seconds, s.Processor)
			}
		}
	}
}

// try validates under the bounds. An error must name the key.
func (h hostile) try(t *testing.T, methods []string, a attempt) (s suite.Suite, err error) {
	t.Helper()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	done := make(chan error, 1)
	go func() {
		defer func() { done <- err }()
		defer func() {
			if r := recover(); r != nil {
				buf := make([]byte, 4<<10)
				t.Errorf("%s: panics: %v\n%s", a, r, buf[:runtime.Stack(buf, false)])
				err = fmt.Errorf("%s", a.key)
			}
		}()
		s, err = h.validate(methods, a)
	}()
	err = soon(t, a.String(), done)
	runtime.ReadMemStats(&after)
	if n := after.TotalAlloc - before.TotalAlloc; n > hostileBytes {
		t.Errorf("%s: took %d MB", a, n>>20)
	}
	if err != nil && !a.named(err) {
		t.Errorf("%s: the error does not name %s: %.300v", a, a.name(), err)
	}
	if err != nil && len(err.Error()) > hostileText {
		t.Errorf("%s: the error has %d bytes: %.300v", a, len(err.Error()), err)
	}
	return s, err
}

// TestHostileSettings sets every key of a suite to absurd values: each is an error that names the
// key, or a suite that can be planned, in little time and memory.
func TestHostileSettings(t *testing.T) {
	h := newHostile(t)
	s, err := h.validate(nil, attempt{"seeds", "1"})
	if err != nil {
		t.Fatal(err)
	}
	valid, wrong := 0, 0
	for _, a := range newAttempts().of(reflect.ValueOf(s), "") {
		if _, err := h.try(t, nil, a); err != nil {
			wrong++
		} else {
			valid++
		}
	}
	t.Logf("%d settings are wrong, %d are taken", wrong, valid)
	if wrong < 1000 || valid < 100 {
		t.Errorf("%d settings are wrong, %d are taken: the keys were not walked through", wrong, valid)
	}
}

// TestHostileParameters does the same to every parameter of every method.
func TestHostileParameters(t *testing.T) {
	h := newHostile(t)
	valid, wrong, tried := 0, 0, newAttempts()
	for _, m := range methods.All {
		params := m.NewParams()
		if params == nil {
			continue
		}
		for _, a := range tried.of(reflect.ValueOf(params).Elem(), "methods."+m.Name+".params") {
			if _, err := h.try(t, []string{m.Name}, a); err != nil {
				wrong++
			} else {
				valid++
			}
		}
	}
	t.Logf("%d parameters are wrong, %d are taken", wrong, valid)
	if wrong < 1000 || valid < 100 {
		t.Errorf("%d parameters are wrong, %d are taken: they were not walked through", wrong, valid)
	}
}
