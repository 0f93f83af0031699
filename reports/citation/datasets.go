package citation

import (
	"path"
	"strings"

	"secura/datasets"
)

// dataSets are the works that describe data sets, by the names of these: as repositories on the hub
// are called, without their owner, and as the suites of this program call their folders. Names are
// in lower case.
var dataSets = []struct {
	names []string
	keys  []string
}{
	{[]string{"gsm8k"}, []string{"gsm8k"}},
	{[]string{"boolq"}, []string{"boolq"}},
	{[]string{"arc_easy", "arc_challenge", "ai2_arc"}, []string{"arc"}},
	{[]string{"bbh_navigate", "bbh_date_understanding", "bbh_logical_deduction_five_objects", "bbh"}, []string{"bbh"}},
	{[]string{"openbookqa"}, []string{"openbookqa"}},
	{[]string{"svamp"}, []string{"svamp"}},
	{[]string{"winogrande"}, []string{"winogrande"}},
	{[]string{"commonsense_qa"}, []string{"commonsenseqa"}},
	{[]string{"piqa"}, []string{"piqa"}},
	{[]string{"aqua_rat"}, []string{"aqua-rat"}},
	{[]string{"clinc150", "clinc_oos"}, []string{"clinc150"}},
	{[]string{"logiqa"}, []string{"logiqa"}},
	{[]string{"cnn_dailymail"}, []string{"cnn-dailymail", "pointer-generator"}},
	{[]string{"dbpedia", "dbpedia_14", "ag", "ag_news", "amazon", "amazon_reviews_multi", "yahoo", "yahoo_answers_topics", "yelp", "yelp_review_full"},
		[]string{"text-classification"}},
	{[]string{"imdb"}, []string{"imdb"}},
	{[]string{"glue", "rte", "qqp"}, []string{"glue"}},
	{[]string{"super_glue"}, []string{"superglue"}},
	{[]string{"mnli"}, []string{"glue", "mnli"}},
	{[]string{"sst-2", "sst2"}, []string{"glue", "sst"}},
	{[]string{"copa"}, []string{"superglue", "copa"}},
	{[]string{"cb"}, []string{"superglue", "commitment-bank"}},
	{[]string{"wic"}, []string{"superglue", "wic"}},
	{[]string{"multirc"}, []string{"superglue", "multirc"}},
	{[]string{"c-stance"}, []string{"trace", "c-stance"}},
	{[]string{"fomc"}, []string{"trace", "fomc"}},
	{[]string{"meetingbank"}, []string{"trace", "meetingbank"}},
	{[]string{"py150"}, []string{"trace", "codexglue"}},
	{[]string{"scienceqa"}, []string{"trace", "scienceqa"}},
	{[]string{"numglue-cm", "numglue-ds"}, []string{"trace", "numglue"}},
	{[]string{"20minuten"}, []string{"trace", "20-minuten"}},
}

// streams are the works that put data sets into a stream, by the names of this program's suites.
var streams = map[string][]string{
	"olora-standard": {"o-lora"},
	"olora-long":     {"progressive-prompts", "o-lora"},
	"trace":          {"trace"},
}

// folderOf is the name of the folder of a task's data set.
func folderOf(t datasets.Task) string {
	name := path.Clean(strings.ReplaceAll(t.Source, "\\", "/"))
	if strings.HasSuffix(name, ".parquet") {
		name = path.Dir(name)
	}
	return path.Base(name)
}

// describing are the works that describe a data set, by the name of its repository or folder; nil
// where none is known.
func describing(name string) (list []work) {
	name = strings.ToLower(path.Base(name))
	for _, set := range dataSets {
		for _, known := range set.names {
			if known == name {
				for _, key := range set.keys {
					list = append(list, find(key))
				}
			}
		}
	}
	return list
}
