package machine

import (
	"os"
	"os/exec"
	"runtime"
	"testing"
	"time"
)

// TestAClockCountsWhatThisProcessComputes computes for a while, and then waits for a while.
func TestAClockCountsWhatThisProcessComputes(t *testing.T) {
	if _, err := os.Stat("/proc/self/stat"); err != nil {
		t.Skipf("the system does not tell: %v", err)
	}
	var meter Meter
	stop, busy, own := meter.Start(), time.Now(), StartClock()
	// On a busy machine the process may have to wait for a processor.
	for time.Since(busy) < 100*time.Millisecond || own().Processor < 0.02 && time.Since(busy) < 20*time.Second {
		for x := range 1_000_000 {
			runtime.KeepAlive(x)
		}
	}
	stop()
	if s := meter.Total(); s.Seconds < 0.1 || s.Processor < 0.01 {
		t.Errorf("computing took %+v", s)
	}
	elapsed := StartClock()
	time.Sleep(50 * time.Millisecond)
	if s := elapsed(); s.Seconds < 0.05 {
		t.Errorf("waiting took %+v", s)
	}
	if PeakMemory() < 1<<20 {
		t.Errorf("the process needed %d bytes", PeakMemory())
	}
}

func TestAProcessIsGoneWhenItHasEnded(t *testing.T) {
	ended := exec.Command("true")
	if err := ended.Run(); err != nil {
		t.Skipf("no process to start: %v", err)
	}
	if !Gone(ended.Process.Pid) || Gone(os.Getpid()) || Gone(0) {
		t.Errorf("gone: the ended %v, this one %v, none %v", Gone(ended.Process.Pid), Gone(os.Getpid()), Gone(0))
	}
}
