package suite

import (
	"embed"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"

	"secura/datasets"
	"secura/spelling"
)

//go:embed suites/*.yaml
var embedded embed.FS

// tasksFile holds the built-in tasks; it is no suite.
const tasksFile = "tasks"

// Options are what Load is told besides the suite's name.
type Options struct {
	// Presets are those that a suite may name; nil knows all names.
	Presets Presets
	// Methods are further ones that take part with their presets' values, and that Set may change;
	// the suite may have some of them.
	Methods []string
	// Set holds KEY=VALUE settings that replace the file's, such as training.steps=6 or
	// methods.ewc.params.lambda=1. VALUE is YAML.
	Set []string
}

// List names the embedded suites.
func List() []string {
	entries, err := embedded.ReadDir("suites")
	if err != nil {
		panic(err) // cannot be: the folder is in the program
	}
	var names []string
	for _, e := range entries {
		if name := strings.TrimSuffix(e.Name(), ".yaml"); name != tasksFile {
			names = append(names, name)
		}
	}
	return names
}

// longestSetting is how much of a setting a message has.
const longestSetting = 100

// Faulty is the error of a suite that has mistakes. Suite is what is left of it without them, for
// those that only its data, its backbones or its methods can tell.
type Faulty struct {
	Suite Suite
	Err   error
}

func (f *Faulty) Error() string { return f.Err.Error() }

// Unwrap gives the mistakes.
func (f *Faulty) Unwrap() error { return f.Err }

// Load reads an embedded suite by its name, or a file: whatever has a slash or ends in .yaml or
// .yml. The suite is complete and validated; all mistakes come back at once, as *Faulty, with file,
// line and the nearest known name.
func Load(nameOrFile string, options Options) (Suite, error) {
	l := &loader{}
	tree, label, err := l.tree(nameOrFile, nil)
	if err == nil {
		addMethods(tree, options.Methods)
		l.set(tree, options.Set)
	}
	suite := Default()
	if err == nil {
		completeHeldOut(tree)
		if find(tree, "backbones") != nil {
			suite.Backbone = "" // stands aside, unless the file or a setting names one
		}
		err = tree.Decode(&suite)
	}
	if err != nil {
		return Suite{}, l.wrap(nameOrFile, append(l.mistakes, err))
	}
	if suite.Backbone == "" && len(suite.Backbones) == 1 && suite.Backbones[0] != "" {
		suite.Backbone, suite.Backbones = suite.Backbones[0], nil
	}
	if len(suite.Training.Lengths) == 0 { // none written out and none said are one plan
		suite.Training.Lengths = nil
	}
	if len(suite.Tuning.Stream) == 0 {
		suite.Tuning.Stream = nil
	}
	if suite.Name == "" {
		suite.Name = strings.TrimSuffix(filepath.Base(label), filepath.Ext(label))
	}
	if mistakes := append(l.mistakes, suite.mistakes(options.Presets, l.lost)...); len(mistakes) > 0 {
		return Suite{}, &Faulty{suite, l.wrap(nameOrFile, mistakes)}
	}
	return suite, nil
}

// completeHeldOut writes the defaults of held_out into it where the tree has it.
func completeHeldOut(tree *yaml.Node) {
	n := find(tree, datasets.HeldOut)
	if n == nil || n.Kind != yaml.MappingNode || len(n.Content) == 0 {
		return
	}
	for _, key := range []struct{ name, value, tag string }{{"split", "test", "!!str"}, {"rows", "64", "!!int"}} {
		if find(n, key.name) == nil {
			n.Content = append(n.Content, scalar(key.name), &yaml.Node{Kind: yaml.ScalarNode, Tag: key.tag, Value: key.value})
		}
	}
}

// loader collects the mistakes of a suite's files and settings.
type loader struct {
	mistakes []error
	// lost says whether tasks or methods were left out because of a mistake.
	lost bool
}

func (l *loader) add(c checker) {
	l.mistakes = append(l.mistakes, c.mistakes...)
	l.lost = l.lost || c.lost
}

func (l *loader) wrap(nameOrFile string, mistakes []error) error {
	return fmt.Errorf("load suite %s: %w", nameOrFile, Told(mistakes...))
}

// set applies KEY=VALUE settings.
func (l *loader) set(tree *yaml.Node, settings []string) {
	for _, setting := range settings {
		label := "-set " + Shorten(setting, longestSetting)
		c, tasks := checker{file: label}, tasksIn(tree)
		if err := set(tree, setting); err != nil {
			l.mistakes = append(l.mistakes, fmt.Errorf("%s: %w", label, err))
			continue
		}
		expand(&c, tree, tasks)
		c.check(tree, reflect.TypeFor[Suite](), "")
		l.add(c)
	}
}

// BuiltinTasks are the tasks that suites may name: the stream's and those of the knowledge battery.
func BuiltinTasks() (stream, knowledge []datasets.Task, err error) {
	file, err := readBuiltin()
	return slices.Clone(file.Tasks), slices.Clone(file.Knowledge), err
}

type taskFile struct {
	Tasks     []datasets.Task `yaml:"tasks"`
	Knowledge []datasets.Task `yaml:"knowledge"`
}

// readBuiltin reads the file once: every setting of a suite asks for its names.
var readBuiltin = sync.OnceValues(func() (file taskFile, err error) {
	data, err := embedded.ReadFile("suites/" + tasksFile + ".yaml")
	if err != nil {
		return taskFile{}, err
	}
	tree, err := parseYAML(data, tasksFile+".yaml")
	if err != nil {
		return taskFile{}, err
	}
	c := checker{file: tasksFile + ".yaml"}
	c.check(tree, reflect.TypeOf(file), "")
	if err := c.err(); err != nil {
		return taskFile{}, err
	}
	return file, tree.Decode(&file)
})

// tree reads a suite's YAML, merged over the one it extends, names of tasks and methods replaced by
// what they stand for, checked against Suite: the loader has what is wrong in it. The error is of
// what cannot be read.
func (l *loader) tree(nameOrFile string, within []string) (tree *yaml.Node, label string, err error) {
	if slices.Contains(within, nameOrFile) {
		return nil, "", fmt.Errorf("extends goes in a circle: %s", strings.Join(append(within, nameOrFile), ", "))
	}
	var data []byte
	isFile := strings.ContainsRune(nameOrFile, '/') || strings.HasSuffix(nameOrFile, ".yaml") || strings.HasSuffix(nameOrFile, ".yml")
	switch {
	case isFile:
		label = nameOrFile
		data, err = os.ReadFile(nameOrFile)
	case !slices.Contains(List(), nameOrFile):
		err = fmt.Errorf("%s. A file's name ends in .yaml", spelling.Unknown("suite", nameOrFile, List()))
	default:
		label = nameOrFile + ".yaml"
		data, err = embedded.ReadFile("suites/" + label)
	}
	if err != nil {
		return nil, "", err
	}
	if tree, err = parseYAML(data, label); err != nil {
		return nil, "", err
	}
	var under *yaml.Node
	if base := find(tree, "extends"); base != nil && base.ShortTag() == "!!str" {
		parent := base.Value
		if isFile && strings.HasSuffix(parent, ".yaml") && !filepath.IsAbs(parent) {
			parent = filepath.Join(filepath.Dir(nameOrFile), parent)
		}
		if under, _, err = l.tree(parent, append(within, nameOrFile)); err != nil {
			return nil, "", fmt.Errorf("%s:%d: extends: %w", label, base.Line, err)
		}
	}
	own := hasOwnTasks(tree)
	l.add(checkTree(tree, label, under))
	if own {
		leaveLengths(tree, under)
	}
	if under == nil {
		return tree, label, nil
	}
	remove(tree, "extends")
	remove(under, "name")
	if find(tree, "backbones") != nil {
		remove(under, "backbone")
	}
	return merge(under, tree), label, nil
}

// checkTree expands and checks a suite file, whose names of tasks may be those of the suite that it
// extends.
func checkTree(tree *yaml.Node, label string, under *yaml.Node) checker {
	c := checker{file: label}
	var inherited []*yaml.Node
	if under != nil {
		inherited = tasksIn(under)
	}
	expand(&c, tree, inherited)
	readable := c.check(tree, reflect.TypeFor[struct {
		Suite   Suite  `yaml:",inline"`
		Extends string `yaml:"extends"`
	}](), "")
	if !readable {
		tree.Content = nil
	}
	if n := find(tree, "backbones"); n != nil && find(tree, "backbone") != nil {
		c.wrong(n, "backbones and backbone are both given; give backbone for one, backbones for a list that is run as one plan")
	}
	return c
}
