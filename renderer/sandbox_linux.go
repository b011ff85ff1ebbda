//go:build amd64 || arm64

package main

import (
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"runtime/debug"
	"strconv"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// enterSandbox gives up, for every thread and for good, all that rendering does not need, and tries it to prove it.
func enterSandbox(limits ProcessLimits) (Sandbox, error) {
	// The runtime's timers need their poller; made now, because nothing can be opened later.
	time.Sleep(time.Nanosecond)
	os.Clearenv()
	if err := closeInherited(); err != nil {
		return Sandbox{}, err
	}
	if err := setLimits(limits); err != nil {
		return Sandbox{}, err
	}
	go dieWithParent()
	dieOfCPUTime()
	if err := installFilter(); err != nil {
		return Sandbox{}, err
	}
	return Sandbox{Installed: true, Proof: proof()}, nil
}

// closeInherited closes every descriptor but the three standard ones that survived the exec of this program.
func closeInherited() error {
	names, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		return err
	}
	for _, name := range names {
		fd, err := strconv.Atoi(filepath.Base(name))
		if err != nil || fd <= 2 {
			continue
		}
		// The runtime's own descriptors are close-on-exec; an inherited one cannot be.
		if flags, err := unix.FcntlInt(uintptr(fd), unix.F_GETFD, 0); err == nil && flags&unix.FD_CLOEXEC == 0 {
			unix.Close(fd)
		}
	}
	return nil
}

func setLimits(limits ProcessLimits) error {
	debug.SetMaxStack(limits.StackBytes)
	// The collector works harder before the hard limit is met.
	debug.SetMemoryLimit(int64(limits.AddressSpaceBytes / 2))
	for resource, value := range map[int]uint64{
		unix.RLIMIT_AS:     limits.AddressSpaceBytes,
		unix.RLIMIT_CORE:   0,
		unix.RLIMIT_FSIZE:  0,
		unix.RLIMIT_NOFILE: limits.OpenFiles,
	} {
		if err := unix.Setrlimit(resource, &unix.Rlimit{Cur: value, Max: value}); err != nil {
			return fmt.Errorf("rlimit %d to %d: %w", resource, value, err)
		}
	}
	return nil
}

// limitRequestCPU allows the request that begins now this much CPU time, on top of what earlier ones used.
func limitRequestCPU(seconds uint64) {
	var used unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &used) != nil {
		return
	}
	limit := unix.Rlimit{Cur: uint64(used.Utime.Sec+used.Stime.Sec) + 1 + seconds, Max: unix.RLIM_INFINITY}
	// setrlimit itself, not prlimit64 as the library does: the filter can then tell by one argument that it is CPU time.
	unix.RawSyscall(unix.SYS_SETRLIMIT, unix.RLIMIT_CPU, uintptr(unsafe.Pointer(&limit)), 0)
}

// dieOfCPUTime makes the limit deadly: the Go runtime by itself takes no notice of this signal.
func dieOfCPUTime() {
	reached := make(chan os.Signal, 1)
	signal.Notify(reached, unix.SIGXCPU)
	go func() {
		<-reached
		// Not os.Stderr, which a language may have taken away from its library meanwhile.
		unix.Write(2, []byte("renderer: SIGXCPU, the request's CPU time is used up\n"))
		unix.Exit(2)
	}()
}

// dieWithParent ends the process when the last writer of its stdin is gone, also while a request runs.
// PR_SET_PDEATHSIG would fire when the thread that started us ends, while the parent lives on.
func dieWithParent() {
	fds := []unix.PollFd{{Fd: 0}}
	for {
		if _, err := unix.Poll(fds, -1); err == unix.EINTR {
			continue
		}
		unix.Exit(0)
	}
}

// proof tries what must not work and names the errors.
func proof() map[string]string {
	root, empty := []byte("/\x00"), []byte("\x00")
	at := func(b []byte) uintptr { return uintptr(unsafe.Pointer(&b[0])) }
	none := ^uintptr(0)
	try := func(number, a, b, c uintptr) string {
		_, _, errno := unix.RawSyscall(number, a, b, c)
		return unix.ErrnoName(errno)
	}
	cwd := unix.AT_FDCWD
	return map[string]string{
		"open":    try(unix.SYS_OPENAT, uintptr(cwd), at(root), unix.O_RDONLY),
		"socket":  try(unix.SYS_SOCKET, unix.AF_INET, unix.SOCK_STREAM, 0),
		"connect": try(unix.SYS_CONNECT, none, 0, 0),
		"exec":    try(unix.SYS_EXECVE, at(empty), 0, 0),
		"signal":  try(unix.SYS_KILL, uintptr(unix.Getppid()), 0, 0),
		"trace":   try(unix.SYS_PTRACE, none, 0, 0),
	}
}
