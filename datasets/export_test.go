package datasets

// Load reads the examples of a split alone, as Read does.
func (t Task) Load(dir, split string) ([]Example, error) {
	set, err := t.Read(dir, split)
	return set.Examples, err
}
