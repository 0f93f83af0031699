package reports

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"math"
	"os"
	"path/filepath"

	"google.golang.org/protobuf/encoding/protowire"

	"secura/experiments/record"
)

// eventsFile is the name of a folder's file of events: TensorBoard looks for "tfevents" in it.
const eventsFile = "events.out.tfevents.0000000000.secura"

// TensorBoard writes scalars into a file of events that TensorBoard shows, a folder being one of
// its runs. The same scalars give the same bytes: records hold no clock, so an event's time is its
// step, in seconds. What the file holds already of them stays, and from the first byte that differs
// it is written again; so writing may go on after an interruption while a dashboard reads.
type TensorBoard struct {
	file *os.File
	// old is what the file held when it was opened, at how much of the file is known to be as it
	// should.
	old []byte
	at  int64
}

// OpenTensorBoard opens or creates the file of events in a folder.
func OpenTensorBoard(folder string) (*TensorBoard, error) {
	if err := os.MkdirAll(folder, 0o755); err != nil {
		return nil, fmt.Errorf("open TensorBoard events: %w", err)
	}
	path := filepath.Join(folder, eventsFile)
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, fmt.Errorf("open TensorBoard events: %w", err)
	}
	old, err := os.ReadFile(path)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open TensorBoard events: %w", err), file.Close())
	}
	t := &TensorBoard{file: file, old: old}
	// The first event names the format's version.
	version := protowire.AppendTag(event(0), 3, protowire.BytesType)
	return t, t.write(protowire.AppendString(version, "brain.Event:2"))
}

// Add writes the scalars of one step.
func (t *TensorBoard) Add(step int, scalars []record.Measure) error {
	var summary []byte
	for _, s := range scalars {
		var value []byte
		value = protowire.AppendTag(value, 1, protowire.BytesType)
		value = protowire.AppendString(value, s.Name)
		value = protowire.AppendTag(value, 2, protowire.Fixed32Type)
		value = protowire.AppendFixed32(value, math.Float32bits(float32(s.Value)))
		summary = protowire.AppendTag(summary, 1, protowire.BytesType)
		summary = protowire.AppendBytes(summary, value)
	}
	message := protowire.AppendTag(event(step), 5, protowire.BytesType)
	return t.write(protowire.AppendBytes(message, summary))
}

// Close drops what an earlier file held beyond what was added, and closes it.
func (t *TensorBoard) Close() error {
	var err error
	if t.at < int64(len(t.old)) {
		err = t.file.Truncate(t.at)
	}
	return errors.Join(err, t.file.Close())
}

// event begins an Event message: wall_time and step, which are left out where they are 0.
func event(step int) []byte {
	if step == 0 {
		return nil
	}
	var message []byte
	message = protowire.AppendTag(message, 1, protowire.Fixed64Type)
	message = protowire.AppendFixed64(message, math.Float64bits(float64(step)))
	message = protowire.AppendTag(message, 2, protowire.VarintType)
	return protowire.AppendVarint(message, uint64(step))
}

// write appends a message as a TFRecord, unless the file has it there already.
func (t *TensorBoard) write(message []byte) error {
	data := tfRecord(message)
	if t.at < int64(len(t.old)) {
		if bytes.HasPrefix(t.old[t.at:], data) {
			t.at += int64(len(data))
			return nil
		}
		t.old = nil
		if err := t.file.Truncate(t.at); err != nil {
			return fmt.Errorf("write TensorBoard events: %w", err)
		}
	}
	if _, err := t.file.WriteAt(data, t.at); err != nil {
		return fmt.Errorf("write TensorBoard events: %w", err)
	}
	t.at += int64(len(data))
	return nil
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// tfRecord frames data as TensorFlow's record files do: its length as 8 bytes, their masked CRC,
// the data, its masked CRC, all little-endian.
func tfRecord(data []byte) []byte {
	out := binary.LittleEndian.AppendUint64(nil, uint64(len(data)))
	out = binary.LittleEndian.AppendUint32(out, maskedCRC(out))
	out = append(out, data...)
	return binary.LittleEndian.AppendUint32(out, maskedCRC(data))
}

// maskedCRC is the CRC-32C rotated right by 15 bits plus a constant, so that a CRC of data that
// holds CRCs stays good.
func maskedCRC(data []byte) uint32 {
	crc := crc32.Checksum(data, castagnoli)
	return (crc>>15 | crc<<17) + 0xa282ead8
}
