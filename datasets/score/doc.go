// Package score turns predicted texts and gold texts into task scores. It knows no model, no file
// and no data set, and imports the standard library only.
//
// The rules are those of the tools that papers quote: rouge_score 0.1.2 for ROUGE, sacreBLEU 2.6.0
// for BLEU, NLTK 3.10.4 for sentence BLEU-4 and the Porter stemmer, Hugging Face's evaluate for
// SQuAD's scores and SARI, scikit-learn for macro-F1, rapidfuzz for edit similarity. The golden
// tests hold all of them to 1e-9.
//
// Every function is pure and safe for concurrent use.
package score
