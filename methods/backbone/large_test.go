package backbone

import (
	"bufio"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"secura/methods/weights"
)

// largeConfig has the shape of Qwen2 with 1.5 billion parameters.
var largeConfig = Config{Architecture: Qwen2Architecture, Vocabulary: 151936, Width: 1536, Intermediate: 8960, Layers: 28, Heads: 12, KeyValueHeads: 2,
	HeadSize: 128, MaxPositions: 32768, Epsilon: 1e-6, RopeTheta: 1e6, TiedEmbeddings: true, EndTokens: []int32{151645}}

// TestALargeCheckpointTakesLittleMoreThanItsSize loads 3 GB of bfloat16 in shards from the page
// cache, and compares the peak of the process's own memory and the speed with the checkpoint's
// size. `just large-checkpoint` runs it.
func TestALargeCheckpointTakesLittleMoreThanItsSize(t *testing.T) {
	folder := os.Getenv("SECURA_LARGE_CHECKPOINT")
	if folder == "" {
		t.Skip("writes 3 GB; `just large-checkpoint` runs it")
	}
	size := writeLargeCheckpoint(t, folder)
	for _, held := range []Precision{{Half: true}, {Half: true, Changed: []string{"q_proj", "v_proj"}}} {
		debug.FreeOSMemory()
		before := anonymousBytes(t)
		stop, peak := make(chan struct{}), make(chan int64)
		go func() {
			most := int64(0)
			for {
				select {
				case <-stop:
					peak <- most
					return
				case <-time.After(2 * time.Millisecond):
					most = max(most, anonymousBytes(t))
				}
			}
		}()
		start := time.Now()
		m, err := LoadModel(folder, held)
		spent := time.Since(start)
		close(stop)
		used := <-peak - before
		if err != nil {
			t.Fatal(err)
		}
		ratio, speed := float64(used)/float64(size), float64(size)/1e9/spent.Seconds()
		t.Logf("%+v: %.2f GB of weights, at most %.2f GB of memory (%.3f of it), %.2f GB/s", held, float64(size)/1e9, float64(used)/1e9, ratio, speed)
		if ratio > 1.15 || speed < 0.5 {
			t.Errorf("expected at most 1.15 of the size and at least 0.5 GB/s")
		}
		for _, w := range m.Weights {
			w.FinalizeAll()
		}
	}
}

// writeLargeCheckpoint writes a shard for each layer and one for the rest, and returns the size of
// all weights.
func writeLargeCheckpoint(t *testing.T, folder string) (size int64) {
	t.Helper()
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	config, err := largeConfig.JSON()
	if err != nil {
		t.Fatal(err)
	}
	shapes, shards := largeConfig.WeightShapes(), map[string][]weights.Tensor{}
	place := map[string]string{}
	for _, name := range largeConfig.WeightNames() {
		layer := "rest"
		if parts := strings.Split(name, "."); parts[1] == "layers" {
			layer = parts[2]
		}
		shard := fmt.Sprintf("model-%s.safetensors", layer)
		place[name] = shard
		shards[shard] = append(shards[shard], weights.Tensor{Name: name, DType: weights.BF16, Shape: shapes[name]})
	}
	for _, shard := range slices.Sorted(maps.Keys(shards)) {
		for i := range shards[shard] {
			n := 1
			for _, d := range shards[shard][i].Shape {
				n *= d
			}
			values := make([]float32, n)
			for k := range values {
				values[k] = float32(k%251) / 256
			}
			shards[shard][i].Data, size = values, size+2*int64(n)
		}
		if err := weights.Write(filepath.Join(folder, shard), shards[shard], nil); err != nil {
			t.Fatal(err)
		}
		for i := range shards[shard] {
			shards[shard][i].Data = nil
		}
	}
	index, err := json.Marshal(map[string]any{"weight_map": place})
	if err != nil {
		t.Fatal(err)
	}
	for name, content := range map[string][]byte{"config.json": config, "model.safetensors.index.json": index} {
		if err := os.WriteFile(filepath.Join(folder, name), content, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return size
}

// anonymousBytes is the resident memory of the process that no file backs.
func anonymousBytes(t *testing.T) int64 {
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Error(err)
		return 0
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var kB int64
		if _, err := fmt.Sscanf(lines.Text(), "RssAnon: %d kB", &kB); err == nil {
			return kB << 10
		}
	}
	t.Error("/proc/self/status has no RssAnon")
	return 0
}
