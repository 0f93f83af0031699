//go:build !(cgo && linux && amd64)

package backbone

import "github.com/gomlx/compute"

// xlaSupported says whether this build can load XLA plugins.
const xlaSupported = false

func openXLA(string) (compute.Backend, error) { return nil, errNoXLA }

func releaseURL() (string, error) { return "", errNoXLA }

func extractRelease(string, string) error { return errNoXLA }

func wheelURL() (string, error) { return "", errNoXLA }

func extractWheel(string, string) error { return errNoXLA }
