package lease

import (
	"errors"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// gone reports that the owner's process was on this machine and does not exist any more. It is false
// whenever that cannot be proved: on another machine, in another container, or without /proc.
func (o Owner) gone() bool {
	host, err := os.Hostname()
	if err != nil || o.Host != host || o.Machine == "" || o.Machine != thisMachine() || o.Started == "" {
		return false
	}
	process, ok := readProcess(o.PID)
	if !ok {
		// /proc can hide the processes of other users; a signal tells "not allowed" from "not there".
		return noSuchProcess(o.PID)
	}
	return process.dead || process.started != o.Started
}

// thisMachine names the kernel's boot and the namespace that process numbers are counted in; host
// names alone repeat among containers and CI runners.
func thisMachine() string {
	boot, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil {
		return ""
	}
	namespace, err := os.Readlink("/proc/self/ns/pid")
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(boot)) + " " + namespace
}

// processState is what /proc says about a process.
type processState struct {
	started string // ticks since the boot: with the number it is unique
	dead    bool   // it has ended, and its parent has not asked for its result yet
}

func readProcess(pid int) (processState, bool) {
	raw, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/stat")
	if err != nil {
		return processState{}, false
	}
	return parseStat(string(raw))
}

// parseStat reads a line of /proc/PID/stat. The program's name is the second field and can contain
// anything, so counting begins after its last parenthesis.
func parseStat(line string) (processState, bool) {
	const state, started = 0, 19 // fields 3 and 22 of proc(5)
	fields := strings.Fields(line[strings.LastIndexByte(line, ')')+1:])
	if len(fields) <= started {
		return processState{}, false
	}
	return processState{started: fields[started], dead: strings.Contains("ZXx", fields[state])}, true
}

func noSuchProcess(pid int) bool {
	process, err := os.FindProcess(pid)
	if err != nil {
		return false
	}
	return errors.Is(process.Signal(syscall.Signal(0)), os.ErrProcessDone)
}
