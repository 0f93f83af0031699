package weights

import (
	"bytes"
	"fmt"
	"regexp"
)

// maxPointer is the largest size of a Git LFS pointer, by its specification.
const maxPointer = 1024

var pointerSize = regexp.MustCompile(`(?m)^size (\d+)$`)

// CheckPointer refuses the content of a file that is a Git LFS pointer: what a clone without Git
// LFS has in the place of a large file.
func CheckPointer(content []byte) error {
	if len(content) > maxPointer || !bytes.HasPrefix(content, []byte("version https://git-lfs.github.com/spec/")) {
		return nil
	}
	size := "the"
	if m := pointerSize.FindSubmatch(content); m != nil {
		size = "the " + string(m[1])
	}
	return fmt.Errorf("is a Git LFS pointer, not the file itself: run `git lfs pull` in its repository, or download %s bytes that it stands for", size)
}
