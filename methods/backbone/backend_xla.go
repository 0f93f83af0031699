//go:build cgo && linux && amd64

package backbone

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"

	"github.com/gomlx/compute"
	"github.com/gomlx/go-xla/compute/xla"
	"github.com/gomlx/go-xla/installer"
)

// xlaSupported says whether this build can load XLA plugins.
const xlaSupported = true

// openXLA loads the plugin at an absolute path, after which options may follow.
func openXLA(config string) (compute.Backend, error) {
	xla.EnableAutoInstall(false) // never download behind the user's back
	return xla.New(config)
}

// releaseURL asks go-xla for the address of its own release of the CPU plugin.
func releaseURL() (string, error) {
	return installer.CPUGetDownloadURL("linux_amd64", releaseVersion)
}

// extractRelease takes the plugin out of the release's archive.
func extractRelease(archive, library string) error {
	dir, err := os.MkdirTemp(filepath.Dir(library), ".extract-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	files, err := installer.Untar(archive, dir)
	if err != nil {
		return err
	}
	for _, f := range files {
		if info, err := os.Lstat(f); err == nil && info.Mode().IsRegular() && pluginName.MatchString(filepath.Base(f)) {
			return os.Rename(f, library)
		}
	}
	return errors.New("no pjrt_c_api_cpu_*_plugin.so in the archive")
}

// wheelURL asks the package index, through go-xla's installer, for the address of the pinned wheel.
func wheelURL() (string, error) {
	info, err := installer.GetPipInfo(wheelProject)
	if err != nil {
		return "", err
	}
	release, err := installer.PipSelectRelease(info.Releases[wheelVersion], installer.PipPackageLinuxAMD64(), true)
	if err != nil {
		return "", fmt.Errorf("version %s: %w", wheelVersion, err)
	}
	// Mirrors of the index may give addresses relative to the project's page.
	base, err := url.Parse(info.Info.ProjectURL)
	if err != nil {
		return "", err
	}
	address, err := base.Parse(release.URL)
	if err != nil {
		return "", err
	}
	return address.String(), nil
}

// extractWheel takes the plugin out of the wheel.
func extractWheel(archive, library string) error {
	return installer.ExtractFileFromZip(archive, wheelMember, library)
}
