//go:build amd64 || arm64

package main

import (
	"fmt"
	"os"
	"unsafe"

	"golang.org/x/sys/unix"
)

// allowed is what the Go runtime and the framing need, the same on every processor.
var allowed = []uint32{
	unix.SYS_READ, unix.SYS_WRITE, unix.SYS_CLOSE,
	unix.SYS_MUNMAP, unix.SYS_MADVISE, unix.SYS_MINCORE, unix.SYS_BRK,
	unix.SYS_FUTEX, unix.SYS_NANOSLEEP, unix.SYS_CLOCK_NANOSLEEP, unix.SYS_CLOCK_GETTIME, unix.SYS_SCHED_YIELD,
	unix.SYS_SCHED_GETAFFINITY, unix.SYS_GETTID, unix.SYS_GETPID, unix.SYS_GETRUSAGE, unix.SYS_GETRANDOM,
	unix.SYS_RT_SIGACTION, unix.SYS_RT_SIGPROCMASK, unix.SYS_RT_SIGRETURN, unix.SYS_SIGALTSTACK, unix.SYS_RESTART_SYSCALL,
	unix.SYS_EPOLL_CTL, unix.SYS_EPOLL_PWAIT, unix.SYS_PPOLL,
	unix.SYS_SET_ROBUST_LIST, unix.SYS_RSEQ, unix.SYS_EXIT, unix.SYS_EXIT_GROUP,
}

// guarded is what is needed in one form only, told by the low half of one argument.
func guarded() []guard {
	return []guard{
		{unix.SYS_CLONE, 0, allBits, unix.CLONE_THREAD},   // a thread, never a process
		{unix.SYS_TGKILL, 0, equals, uint32(os.Getpid())}, // the runtime preempts its own threads
		{unix.SYS_SETRLIMIT, 0, equals, unix.RLIMIT_CPU},  // limitRequestCPU
		{unix.SYS_MMAP, 2, noBits, unix.PROT_EXEC},        // memory, never new code
		{unix.SYS_MPROTECT, 2, noBits, unix.PROT_EXEC},    //
		{unix.SYS_FCNTL, 1, equals, unix.F_GETFL},         // os.File asks for the mode of stderr
	}
}

type test int

const (
	equals test = iota
	allBits
	noBits
)

type guard struct {
	number   uint32
	argument uint32
	test     test
	value    uint32
}

// Offsets of struct seccomp_data.
const (
	offsetNumber    = 0
	offsetArch      = 4
	offsetArguments = 16
)

// installFilter puts the allow-list on all threads at once. What is not listed fails with EPERM rather than killing,
// so that the attempt can be shown in the handshake.
func installFilter() error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return fmt.Errorf("no_new_privs: %w", err)
	}
	filter := program()
	prog := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	stuck, _, errno := unix.RawSyscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER,
		unix.SECCOMP_FILTER_FLAG_TSYNC, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return fmt.Errorf("seccomp: %w", errno)
	}
	if stuck != 0 {
		return fmt.Errorf("seccomp: thread %d did not take the filter", stuck)
	}
	return nil
}

func program() []unix.SockFilter {
	code := []unix.SockFilter{
		load(offsetArch),
		skipUnless(unix.BPF_JEQ, auditArch, 1),
		jump(1),
		result(unix.SECCOMP_RET_KILL_PROCESS), // another processor's numbers would mean other calls
		load(offsetNumber),
	}
	for _, number := range allowed {
		code = append(code, skipUnless(unix.BPF_JEQ, number, 1), result(unix.SECCOMP_RET_ALLOW))
	}
	for _, number := range allowedHere {
		code = append(code, skipUnless(unix.BPF_JEQ, number, 1), result(unix.SECCOMP_RET_ALLOW))
	}
	for _, guard := range guarded() {
		code = append(code, guard.code()...)
	}
	return append(code, result(refused))
}

const refused = unix.SECCOMP_RET_ERRNO | uint32(unix.EPERM)

func (g guard) code() []unix.SockFilter {
	body := []unix.SockFilter{load(offsetArguments + 8*g.argument)}
	switch g.test {
	case equals:
		body = append(body, skipUnless(unix.BPF_JEQ, g.value, 1), result(unix.SECCOMP_RET_ALLOW), result(refused))
	case allBits:
		body = append(body, skipUnless(unix.BPF_JSET, g.value, 1), result(unix.SECCOMP_RET_ALLOW), result(refused))
	case noBits:
		body = append(body, skipUnless(unix.BPF_JSET, g.value, 1), result(refused), result(unix.SECCOMP_RET_ALLOW))
	}
	return append([]unix.SockFilter{skipUnless(unix.BPF_JEQ, g.number, uint8(len(body)))}, body...)
}

func load(offset uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: offset}
}

func skipUnless(condition uint16, value uint32, skip uint8) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | condition | unix.BPF_K, K: value, Jf: skip}
}

func jump(skip uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JA, K: skip}
}

func result(value uint32) unix.SockFilter {
	return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: value}
}
