package experiments

import (
	"path/filepath"
	"slices"

	"secura/datasets/hub"
	"secura/experiments/pretrained"
	"secura/experiments/rundir"
	"secura/experiments/suite"
)

// mostBibTeX bounds the entries of a README that are kept, in bytes.
const mostBibTeX = 32 << 10

// sources reads what the folders of a suite's backbones and data sets tell of where these come
// from. What is in the program has no source, and of a folder without a README nothing is known.
// unread tells of READMEs that cannot be read: that is no mistake of the run.
func sources(s suite.Suite, dataDir string) (list []rundir.Source, unread []string) {
	add := func(folder string, of rundir.Source) {
		card, found, err := hub.ReadCard(folder)
		if err != nil {
			unread = append(unread, err.Error())
		}
		if !found {
			return
		}
		of.Name, of.Revision, of.Licenses = card.Name, card.Revision, card.Licenses
		size := 0
		for _, entry := range hub.BibTeX(card.Text) {
			if size += len(entry); size <= mostBibTeX {
				of.BibTeX = append(of.BibTeX, entry)
			}
		}
		list = append(list, of)
	}
	places, _ := s.Places("") // without another place there is nothing to go wrong
	for i, name := range s.BackboneNames() {
		// Beside a GGUF file that is named by itself may lie any README.
		if place, err := pretrained.Find(places[i]); err == nil && place.Folder != "" {
			add(place.Folder, rundir.Source{Backbone: name})
		}
	}
	var folders []string
	tasks := map[string][]string{} // by folder
	for _, r := range reads(s) {
		if _, builtin := r.task.Builtin(); builtin {
			continue
		}
		files, err := r.task.Files(dataDir, r.splits[0])
		if err != nil || len(files) == 0 {
			continue // the task's own error is told by who reads its rows
		}
		folder := filepath.Dir(files[0])
		if base := filepath.Base(folder); base == "data" || base == r.splits[0] { // as the hub lays files out
			if _, found, _ := hub.ReadCard(folder); !found {
				folder = filepath.Dir(folder)
			}
		}
		if tasks[folder] == nil {
			folders = append(folders, folder)
		}
		if !slices.Contains(tasks[folder], r.task.Name) {
			tasks[folder] = append(tasks[folder], r.task.Name)
		}
	}
	for _, folder := range folders {
		add(folder, rundir.Source{Tasks: tasks[folder]})
	}
	return list, unread
}
