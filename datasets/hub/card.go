package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"gopkg.in/yaml.v3"
)

// Card is what is known of a repository beyond its files: its name and commit, and what its README
// says.
type Card struct {
	// Name is ORG/NAME and Revision the commit; empty where the folder does not tell.
	Name, Revision string
	// Licenses are those of the README's metadata, as the hub names them, such as "apache-2.0"; nil
	// where it names none. One that is called other there is "other: NAME LINK".
	Licenses []string
	// Text is the README without its metadata.
	Text string
}

// otherLicense begins a license that the hub has no name for.
const otherLicense = "other: "

// The files that tell of a repository in a folder.
const (
	readmeFile = "README.md"
	// originFile is written by FetchDataset.
	originFile = "origin.json"
	// largestCard bounds what is read of either, in bytes.
	largestCard = 4 << 20
)

// origin is the content of origin.json.
type origin struct {
	Name     string `json:"name"`
	Revision string `json:"revision"`
}

// ReadCard reads what a folder tells of the repository that it came from: its README.md, the
// origin.json that FetchDataset writes, and the name of a snapshot in the hub's cache. found is
// false where there is nothing. The error names a file that cannot be read as what it should be;
// the card has what the others tell.
func ReadCard(folder string) (card Card, found bool, err error) {
	if commit := filepath.Base(folder); commitPattern.MatchString(commit) {
		kind, name, ok := strings.Cut(filepath.Base(filepath.Dir(filepath.Dir(folder))), "s--")
		if ok && (kind == string(Model) || kind == string(Dataset)) {
			card.Name, card.Revision, found = strings.ReplaceAll(name, "--", "/"), commit, true
		}
	}
	path := filepath.Join(folder, originFile)
	content, err := readBounded(path)
	if err == nil {
		var o origin
		if err = json.Unmarshal(content, &o); err != nil || !ValidName(o.Name) {
			err = fmt.Errorf("read %s: expected {\"name\": \"ORG/NAME\", \"revision\": \"COMMIT\"} (%v)", path, err)
		} else {
			card.Name, card.Revision, found = o.Name, o.Revision, true
		}
	}
	readme, other := readBounded(filepath.Join(folder, readmeFile))
	if other == nil {
		found = true
		if other = card.read(readme); other != nil {
			other = fmt.Errorf("read the metadata of %s: %w", filepath.Join(folder, readmeFile), other)
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	if errors.Is(other, fs.ErrNotExist) {
		other = nil
	}
	return card, found, errors.Join(err, other)
}

// read reads a README, whose metadata stand between two lines of three dashes at its beginning.
func (c *Card) read(readme []byte) error {
	text := strings.ReplaceAll(strings.TrimPrefix(string(readme), "\ufeff"), "\r\n", "\n")
	c.Text = text
	rest, ok := strings.CutPrefix(text, "---\n")
	if !ok {
		return nil
	}
	metadata, body, ok := strings.Cut("\n"+rest, "\n---\n")
	if !ok {
		return errors.New("no line of three dashes ends it")
	}
	c.Text = body
	var known struct {
		License yaml.Node `yaml:"license"`
		Name    string    `yaml:"license_name"`
		Link    string    `yaml:"license_link"`
	}
	if err := yaml.Unmarshal([]byte(metadata), &known); err != nil {
		return err
	}
	var one string
	switch {
	case known.License.IsZero():
		return nil
	case known.License.Decode(&one) == nil:
		c.Licenses = []string{one}
	default:
		if err := known.License.Decode(&c.Licenses); err != nil {
			return fmt.Errorf("license: %w", err)
		}
	}
	for i, license := range c.Licenses {
		if license == "other" && known.Name != "" {
			c.Licenses[i] = strings.TrimSpace(otherLicense + known.Name + " " + known.Link)
		}
	}
	return nil
}

// readBounded reads a file of a bounded size.
func readBounded(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, largestCard+1))
	if err == nil && len(content) > largestCard {
		err = fmt.Errorf("%s has more than %d bytes", path, largestCard)
	}
	return content, err
}

// keepCard puts beside a data set's files what a snapshot tells of them: the README, where there is
// one, and the name and commit.
func keepCard(r Repository, snapshot, folder string) error {
	if _, err := os.Stat(filepath.Join(snapshot, readmeFile)); err == nil {
		if err := share(filepath.Join(snapshot, readmeFile), filepath.Join(folder, readmeFile)); err != nil {
			return err
		}
	}
	content, err := json.Marshal(origin{r.Name, filepath.Base(snapshot)})
	if err != nil {
		return err
	}
	return writeWhole(filepath.Join(folder, originFile), string(content)+"\n")
}
