// Package atomicfile puts files in place whole, and names them by their content. Read Write first.
package atomicfile

import (
	"crypto/sha256"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
)

// TempPrefix begins the name of what is not written whole yet.
const TempPrefix = ".tmp-"

// Write puts a file in place so that a reader, and a machine that lost its power, sees the old file
// or the new one and nothing between. write is called once; when it fails, the old file stays and
// nothing is left over. The folder must be there. The error does not name what was to be done: the
// caller does.
func Write(path string, write func(io.Writer) error) error {
	return WriteIf(path, nil, write)
}

// WriteIf is Write that asks may, unless it is nil, once the new file is on the disk, just before
// it takes its name: where may fails, the old file stays.
func WriteIf(path string, may func() error, write func(io.Writer) error) (err error) {
	dir := filepath.Dir(path)
	temp, err := os.CreateTemp(dir, TempPrefix+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			temp.Close()
			os.Remove(temp.Name())
		}
	}()
	if err = write(temp); err != nil {
		return err
	}
	if err = temp.Chmod(0o644); err != nil {
		return err
	}
	if err = temp.Sync(); err != nil {
		return err
	}
	if err = temp.Close(); err != nil {
		return err
	}
	if may != nil {
		if err = may(); err != nil {
			return err
		}
	}
	if err = os.Rename(temp.Name(), path); err != nil {
		return err
	}
	return SyncDir(dir)
}

// WriteBytes is Write of bytes at hand.
func WriteBytes(path string, data []byte) error {
	return Write(path, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// SyncDir makes the names in a folder outlast a loss of power.
func SyncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

// SHA256 is the hash of a file's content in hex digits, and how many bytes it has.
func SHA256(path string) (sum string, bytes int64, err error) {
	f, err := os.Open(path)
	if err != nil {
		return "", 0, err
	}
	defer f.Close()
	return Sum(f)
}

// Sum is SHA256 of what is left to read.
func Sum(r io.Reader) (sum string, bytes int64, err error) {
	hash := sha256.New()
	if bytes, err = io.Copy(hash, r); err != nil {
		return "", 0, err
	}
	return hex.EncodeToString(hash.Sum(nil)), bytes, nil
}
