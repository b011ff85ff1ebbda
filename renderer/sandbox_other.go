//go:build !(linux && (amd64 || arm64))

package main

// enterSandbox tells the truth on systems that have none: the parent decides whether it goes on.
func enterSandbox(ProcessLimits) (Sandbox, error) {
	return Sandbox{Installed: false, Proof: map[string]string{}}, nil
}

func limitRequestCPU(uint64) {}
