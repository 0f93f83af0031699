package rundir

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"secura/atomicfile"
)

// tempPrefix begins the name of what is not written whole yet.
const tempPrefix = atomicfile.TempPrefix

// Sweep removes what writes that a crash cut off left in a folder, whose lock the caller holds. A
// missing folder has nothing.
func Sweep(dir string) error {
	entries, err := os.ReadDir(dir)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) {
			err = errors.Join(err, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	if err != nil {
		return fmt.Errorf("remove leftovers: %w", err)
	}
	return nil
}

// WriteFile is atomicfile's Write, with an error that names the file. Folders above path are
// created.
func WriteFile(path string, write func(io.Writer) error) error {
	return writeIf(path, nil, write)
}

func writeIf(path string, may func() error, write func(io.Writer) error) error {
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = atomicfile.WriteIf(path, may, write)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}

// WriteBytes is WriteFile of bytes at hand.
func WriteBytes(path string, data []byte) error {
	return WriteBytesIf(path, nil, data)
}

// WriteBytesIf is WriteBytes of a file that may be another process's to write by the time when its
// bytes are on the disk: may is asked then, and where it fails the old file stays.
func WriteBytesIf(path string, may func() error, data []byte) error {
	return writeIf(path, may, func(w io.Writer) error {
		_, err := w.Write(data)
		return err
	})
}

// WriteJSON writes v, indented. A value without a JSON form (NaN) or one that fails its own
// Validate is an error, and the old file stays.
func WriteJSON(path string, v any) error {
	if c, ok := v.(interface{ Validate() error }); ok {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("write %s: %w", path, err)
		}
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(v); err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return WriteBytes(path, out.Bytes())
}

// ReadJSON reads a file that WriteJSON wrote; unknown keys are errors. A missing file gives an
// error that is os.ErrNotExist.
func ReadJSON(path string, v any) error {
	data, err := os.ReadFile(path)
	if err != nil {
		return fmt.Errorf("read json: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	switch err := decoder.Decode(v); {
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("read %s: its end is missing: the file was cut, bring it here whole", path)
	case err != nil:
		return fmt.Errorf("read %s: %w", path, err)
	}
	if _, err := decoder.Token(); err != io.EOF {
		return fmt.Errorf("read %s: more than one value", path)
	}
	if c, ok := v.(interface{ Validate() error }); ok {
		if err := c.Validate(); err != nil {
			return fmt.Errorf("read %s: %w", path, err)
		}
	}
	return nil
}

// File is the identity of a file that a run read or wrote.
type File struct {
	Path   string `json:"path"`
	SHA256 string `json:"sha256"`
	Bytes  int64  `json:"bytes"`
}

// HashFile reads the file once and names it by its content.
func HashFile(path string) (File, error) {
	sum, bytes, err := atomicfile.SHA256(path)
	if err != nil {
		return File{}, fmt.Errorf("hash file: %w", err)
	}
	return File{Path: path, SHA256: sum, Bytes: bytes}, nil
}

// HashBytes names bytes at hand as HashFile names a file.
func HashBytes(path string, data []byte) File {
	sum := sha256.Sum256(data)
	return File{Path: path, SHA256: hex.EncodeToString(sum[:]), Bytes: int64(len(data))}
}

func syncFile(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
