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
	stop, busy := meter.Start(), time.Now()
	for x := 0.0; time.Since(busy) < 100*time.Millisecond; x++ {
		runtime.KeepAlive(x)
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
