// Package prompt turns a row of a data set into the text of an example, and text into a model's
// token ids.
//
// A Template makes the prompt, the answer and the options from a row's columns. A Tokenizer reads a
// Hugging Face tokenizer.json and gives the ids that the Python library gives; Train makes such a
// file from text. Read Template.Render and Tokenizer.Encode first.
package prompt
