package rundir

import (
	"archive/tar"
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
)

// mostUnpacked bounds what a bundle may unpack to, in bytes and in files: a small archive must not
// fill a disk.
const (
	mostUnpackedBytes = 64 << 30
	mostUnpackedFiles = 1_000_000
)

// Pack writes a run as a tar archive, compressed with Zstandard: manifest, examples, reports, and
// of each cell status, records, timings, predictions and seal; checkpoints too where asked for. Of
// a tuning it packs the run of its best trials too. beside are further files of the archive by
// their names. Equal files give equal bytes. It returns the number of files.
func Pack(r Run, w io.Writer, checkpoints bool, beside map[string][]byte) (files int, err error) {
	compressed, err := zstd.NewWriter(w)
	if err != nil {
		return 0, fmt.Errorf("pack %s: %w", r.Path, err)
	}
	archive := tar.NewWriter(compressed)
	add := func(name string, size int64, content io.Reader) error {
		files++
		header := &tar.Header{Name: name, Mode: 0o644, Size: size, Format: tar.FormatPAX, ModTime: time.Unix(0, 0)}
		if err := archive.WriteHeader(header); err != nil {
			return err
		}
		_, err := io.Copy(archive, content)
		return err
	}
	err = filepath.WalkDir(r.Path, func(file string, e fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		relative, err := filepath.Rel(r.Path, file)
		if err != nil {
			return err
		}
		name := filepath.ToSlash(relative)
		switch {
		case e.IsDir() && !packedFolder(name, checkpoints):
			return filepath.SkipDir
		case e.IsDir() || !e.Type().IsRegular() || !packedFile(e.Name()):
			return nil
		}
		f, err := os.Open(file)
		if err != nil {
			return err
		}
		defer f.Close()
		info, err := f.Stat()
		if err != nil {
			return err
		}
		return add(name, info.Size(), f)
	})
	for _, name := range slices.Sorted(maps.Keys(beside)) {
		err = errors.Join(err, add(name, int64(len(beside[name])), strings.NewReader(string(beside[name]))))
	}
	if err := errors.Join(err, archive.Close(), compressed.Close()); err != nil {
		return 0, fmt.Errorf("pack %s: %w", r.Path, err)
	}
	return files, nil
}

// Unpack puts a bundle's files into an empty folder. A name that leaves the folder, a link or a
// device, and a bundle that is cut or larger than any run are errors.
func Unpack(r io.Reader, dir string) error {
	compressed, err := zstd.NewReader(bufio.NewReader(r), zstd.WithDecoderMaxMemory(256<<20))
	if err != nil {
		return fmt.Errorf("unpack bundle: %w", err)
	}
	defer compressed.Close()
	archive := tar.NewReader(compressed)
	left := int64(mostUnpackedBytes)
	for files := 0; ; files++ {
		header, err := archive.Next()
		if err == io.EOF && files > 0 {
			return nil
		}
		if err != nil {
			return fmt.Errorf("unpack bundle: %w; expected the .tar.zst that `runner report -bundle` writes", err)
		}
		if err := checkEntry(header, files, left); err != nil {
			return fmt.Errorf("unpack bundle: %w", err)
		}
		left -= header.Size
		target := filepath.Join(dir, filepath.FromSlash(header.Name))
		if _, err := os.Lstat(target); err == nil {
			return fmt.Errorf("unpack bundle: %q stands twice", header.Name)
		}
		if err := WriteFile(target, func(w io.Writer) error { _, err := io.Copy(w, archive); return err }); err != nil {
			return fmt.Errorf("unpack bundle: %w", err)
		}
	}
}

// checkEntry refuses what no bundle has.
func checkEntry(header *tar.Header, files int, left int64) error {
	switch {
	case header.Typeflag != tar.TypeReg:
		return fmt.Errorf("%q is no regular file", header.Name)
	case !filepath.IsLocal(header.Name) || strings.ContainsAny(header.Name, "\\\x00") || path.Clean(header.Name) != header.Name:
		return fmt.Errorf("%q does not stay within the folder", header.Name)
	case header.Size > left:
		return fmt.Errorf("it unpacks to more than %d bytes", int64(mostUnpackedBytes))
	case files >= mostUnpackedFiles:
		return fmt.Errorf("it has more than %d files", mostUnpackedFiles)
	}
	return nil
}
