package rundir

// Source is what the folder of a data set or a backbone tells of where its files come from, by the
// README and the name that the hub gives them. It decides no number.
type Source struct {
	// Tasks are the tasks that read the data set; nil for a backbone.
	Tasks []string `json:"tasks,omitempty"`
	// Backbone is the backbone as the suite names it; empty for a data set.
	Backbone string `json:"backbone,omitempty"`
	// Name is that of the repository on the hub, ORG/NAME, and Revision its commit; empty where the
	// folder does not tell.
	Name     string `json:"name,omitempty"`
	Revision string `json:"revision,omitempty"`
	// Licenses are as the hub names them; nil where the README names none.
	Licenses []string `json:"licenses,omitempty"`
	// BibTeX are the entries in the README.
	BibTeX []string `json:"bibtex,omitempty"`
}
