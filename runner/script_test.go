package main

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// TestMain lets the scripts call this program as "runner".
func TestMain(m *testing.M) {
	testscript.Main(ownCache{m}, map[string]func(){"runner": main})
}

// ownCache runs the tests with a cache of their own, which is removed again.
type ownCache struct{ *testing.M }

func (o ownCache) Run() int {
	folder, err := os.MkdirTemp("", "runner-cache-")
	if err == nil {
		err = os.Setenv(cacheVariable, folder)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(folder)
	return o.M.Run()
}

// TestScripts runs the scripts in testdata/script, the command line's specification.
func TestScripts(t *testing.T) {
	parquet, err := filepath.Abs("../datasets/testdata/parquet")
	if err != nil {
		t.Fatal(err)
	}
	nano, err := filepath.Abs("../methods/backbone/nano/files")
	if err != nil {
		t.Fatal(err)
	}
	stories, err := filepath.Abs("../../shared/checkpoints/stories260K")
	if err != nil {
		t.Fatal(err)
	}
	gguf, err := filepath.Abs("../experiments/pretrained/testdata/tiny.gguf")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			env.Setenv("PARQUET", parquet)
			env.Setenv("NANO", nano)
			env.Setenv("STORIES", stories)
			env.Setenv("GGUF", gguf)
			env.Setenv("HF_HOME", filepath.Join(env.WorkDir, "hub"))
			env.Setenv("HF_HUB_OFFLINE", "1")
			env.Setenv(cacheVariable, os.Getenv(cacheVariable))
			env.Setenv("HOME", os.Getenv("HOME")) // where an XLA plugin is installed
			return nil
		},
		Condition: func(name string) (bool, error) {
			if name != "stories" {
				return false, fmt.Errorf("unknown condition %q, expected stories", name)
			}
			_, err := os.Stat(stories)
			return err == nil, nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": exits, "await": await},
	})
}
