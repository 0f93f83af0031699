package hub

import (
	"bytes"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

// ModelMetadata are the metadata of a model's README, as the hub reads them at its beginning.
type ModelMetadata struct {
	// Base is the model that this one was made of, ORG/NAME; empty where it is not on the hub, for
	// other names are not valid there. Relation is "adapter" or "finetune".
	Base     string `yaml:"base_model,omitempty"`
	Relation string `yaml:"base_model_relation,omitempty"`
	// Library loads the model: "peft" or "transformers".
	Library  string `yaml:"library_name"`
	Pipeline string `yaml:"pipeline_tag"`
	// License is as the hub names it, "other" for one that it has no name for. SetLicenses sets the
	// three.
	License     string `yaml:"license,omitempty"`
	LicenseName string `yaml:"license_name,omitempty"`
	LicenseLink string `yaml:"license_link,omitempty"`
	// Datasets are ORG/NAME.
	Datasets []string `yaml:"datasets,omitempty"`
	Metrics  []string `yaml:"metrics,omitempty"`
	Tags     []string `yaml:"tags,omitempty"`
	// Index has the model's results.
	Index []ModelIndex `yaml:"model-index,omitempty"`
}

// ModelIndex are the results of a model.
type ModelIndex struct {
	Name    string        `yaml:"name"`
	Results []ModelResult `yaml:"results"`
}

// ModelResult are the scores of a model on a data set.
type ModelResult struct {
	Task    ModelTask     `yaml:"task"`
	Dataset ModelDataset  `yaml:"dataset"`
	Metrics []ModelMetric `yaml:"metrics"`
}

// ModelTask is a kind of task, such as "text-generation".
type ModelTask struct {
	Type string `yaml:"type"`
}

// ModelDataset is what a model was evaluated on. Type is ORG/NAME, or a name for what is not on the
// hub.
type ModelDataset struct {
	Name     string `yaml:"name"`
	Type     string `yaml:"type"`
	Split    string `yaml:"split,omitempty"`
	Revision string `yaml:"revision,omitempty"`
}

// ModelMetric is a score in [0, 1].
type ModelMetric struct {
	Type  string  `yaml:"type"`
	Name  string  `yaml:"name"`
	Value float64 `yaml:"value"`
}

// SetLicenses takes a Card's licenses. Of several the hub has no field for a model's: they are one
// other license.
func (m *ModelMetadata) SetLicenses(list []string) {
	switch {
	case len(list) == 0:
		return
	case len(list) > 1:
		m.License, m.LicenseName = "other", strings.Join(list, "-and-")
		return
	}
	rest, other := strings.CutPrefix(list[0], otherLicense)
	if !other {
		m.License = list[0]
		return
	}
	m.License = "other"
	m.LicenseName, m.LicenseLink, _ = strings.Cut(rest, " ")
}

// Header is the beginning of a README: the metadata between two lines of three dashes.
func (m ModelMetadata) Header() (string, error) {
	var out bytes.Buffer
	out.WriteString("---\n")
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if err := encoder.Encode(m); err != nil {
		return "", fmt.Errorf("write a model's metadata: %w", err)
	}
	out.WriteString("---\n")
	return out.String(), nil
}
