//go:build !unix

package weights

import (
	"errors"
	"os"
)

// mapFile is for systems that map files another way; openSource reads there.
func mapFile(*os.File, int64) (source, error) { return nil, errors.ErrUnsupported }
