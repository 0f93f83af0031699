package prepared

import (
	"encoding/binary"
	"errors"

	"secura/datasets"
)

// A record holds the tokens of prompt, answer and tail, each of the file's width, whose numbers the
// index has; then Start, the opening if the entry's flag says so, and the options, each list after
// its number of tokens; and where the file has texts, those of the example.

// recordOf appends an example's record, and gives its entry without the offset.
func recordOf(b []byte, width uint32, e datasets.Encoded, text *datasets.Example, fingerprint uint64, cannotWrite bool) ([]byte, entry) {
	x := entry{prompt: uint32(len(e.Prompt)), answer: uint32(len(e.Answer)), tail: uint32(len(e.Tail)), fingerprint: fingerprint}
	for _, f := range [...]struct {
		flag uint32
		is   bool
	}{{blank, e.Border.Blank}, {merged, e.Border.Merged}, {unwritable, cannotWrite}, {opening, e.Opening != nil}} {
		if f.is {
			x.flags |= f.flag
		}
	}
	for _, list := range [][]int32{e.Prompt, e.Answer, e.Tail} {
		b = appendTokens(b, width, list)
	}
	b = binary.AppendUvarint(b, uint64(e.Start))
	if e.Opening != nil {
		b = appendTokens(binary.AppendUvarint(b, uint64(len(e.Opening))), width, e.Opening)
	}
	b = binary.AppendUvarint(b, uint64(len(e.Options)))
	for _, list := range e.Options {
		b = appendTokens(binary.AppendUvarint(b, uint64(len(list))), width, list)
	}
	if text != nil {
		b = appendTexts(b, *text)
	}
	return b, x
}

func appendTokens(b []byte, width uint32, ids []int32) []byte {
	for _, id := range ids {
		for k := range width {
			b = append(b, byte(id>>(8*k)))
		}
	}
	return b
}

func appendTexts(b []byte, e datasets.Example) []byte {
	b = binary.AppendVarint(b, int64(e.ID))
	b = binary.AppendVarint(b, int64(e.Gold))
	for _, text := range []string{e.Task, e.System, e.Prompt, e.Answer, e.Original} {
		b = appendText(b, text)
	}
	for _, list := range [][]string{e.Golds, e.Options} {
		b = binary.AppendUvarint(b, uint64(len(list)))
		for _, text := range list {
			b = appendText(b, text)
		}
	}
	return b
}

func appendText(b []byte, text string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(text))), text...)
}

var errRecord = errors.New("its record does not fit its entry")

// decode reads an example, and its texts where the file has them.
func (s *Split) decode(i int) (e datasets.Encoded, text datasets.Example, err error) {
	if i < 0 || i >= s.Len() {
		panic("prepared: there is no such example")
	}
	x, next := s.entry(i), s.entry(i+1)
	raw := make([]byte, next.offset-x.offset)
	s.file.ReadAt(raw, int64(x.offset))
	return s.decodeRecord(x, raw)
}

func (s *Split) decodeRecord(x entry, raw []byte) (e datasets.Encoded, text datasets.Example, err error) {
	r := reader{raw: raw, width: int(s.footer.width)}
	e.Prompt, e.Answer, e.Tail = r.tokens(uint64(x.prompt)), r.tokens(uint64(x.answer)), r.tokens(uint64(x.tail))
	return s.decodeRest(&r, x, e)
}

// decodeRest reads what follows the tokens of prompt, answer and tail.
func (s *Split) decodeRest(r *reader, x entry, e datasets.Encoded) (_ datasets.Encoded, text datasets.Example, err error) {
	e.Border = x.border()
	start := r.number()
	e.Start = int(start)
	if x.flags&opening != 0 {
		if e.Opening = r.tokens(r.number()); e.Opening == nil {
			e.Opening = []int32{}
		}
	}
	if start > uint64(x.prompt) {
		r.failed = true
	}
	for n := r.count(); n > 0; n-- {
		e.Options = append(e.Options, r.tokens(r.number()))
	}
	if s.Texts {
		text.ID, text.Gold = int(r.signed()), int(r.signed())
		for _, into := range []*string{&text.Task, &text.System, &text.Prompt, &text.Answer, &text.Original} {
			*into = r.text()
		}
		for _, into := range []*[]string{&text.Golds, &text.Options} {
			for n := r.count(); n > 0; n-- {
				*into = append(*into, r.text())
			}
		}
	}
	if r.failed || len(r.raw) > 0 {
		return datasets.Encoded{}, datasets.Example{}, errRecord
	}
	return e, text, nil
}

// checkRecord says whether a record can be decoded. Its tokens are passed over: any bytes are some.
func (s *Split) checkRecord(x entry, size uint64) error {
	tokens := (uint64(x.prompt) + uint64(x.answer) + uint64(x.tail)) * uint64(s.footer.width)
	if tokens > size {
		return errRecord
	}
	raw := make([]byte, size-tokens)
	s.file.ReadAt(raw, int64(x.offset+tokens))
	_, _, err := s.decodeRest(&reader{raw: raw, width: int(s.footer.width)}, x, datasets.Encoded{})
	return err
}

// reader takes a record apart; failed says that something did not fit, after which all is empty.
type reader struct {
	raw    []byte
	width  int
	failed bool
}

func (r *reader) number() uint64 {
	n, size := binary.Uvarint(r.raw)
	return take(r, n, size)
}

func (r *reader) signed() int64 {
	n, size := binary.Varint(r.raw)
	return take(r, n, size)
}

func take[T int64 | uint64](r *reader, n T, size int) T {
	if size <= 0 || r.failed {
		r.failed = true
		return 0
	}
	r.raw = r.raw[size:]
	return n
}

// count is the number of entries of a list, each of which has a byte at least.
func (r *reader) count() uint64 {
	n := r.number()
	if n > uint64(len(r.raw)) {
		r.failed = true
		return 0
	}
	return n
}

// tokens reads n tokens; nil where there are none.
func (r *reader) tokens(n uint64) []int32 {
	if n == 0 || r.failed {
		return nil
	}
	if n > uint64(len(r.raw)/r.width) {
		r.failed = true
		return nil
	}
	ids := make([]int32, n)
	for i := range ids {
		var id uint32
		for k := range r.width {
			id |= uint32(r.raw[i*r.width+k]) << (8 * k)
		}
		ids[i] = int32(id)
	}
	r.raw = r.raw[int(n)*r.width:]
	return ids
}

func (r *reader) text() string {
	n := r.count()
	if r.failed {
		return ""
	}
	text := string(r.raw[:n])
	r.raw = r.raw[n:]
	return text
}
