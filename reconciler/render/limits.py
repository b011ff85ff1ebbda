"""Every cap of rendering, with its unit and its reason, in one table."""

from __future__ import annotations

from dataclasses import dataclass

MIB = 1024**2


@dataclass(frozen=True, slots=True)
class RequestLimits:
    """What one request may use; sent along with it, so the child stops by itself with a clear error."""

    combined_bytes: int = 10_000_000
    """Manifest files of one directory together. Argo CD: `reposerver.max.combined.directory.manifests.size` of 10M."""

    files: int = 20_000
    """Manifest files of one directory."""

    entries: int = 100_000
    """Names in all folders walked, and in one listing or glob."""

    manifests: int = 20_000
    """Objects of one source."""

    path_bytes: int = 1024
    """The path of one manifest file: every object's origin repeats it."""

    warnings: int = 100

    depth: int = 200
    """Levels of nesting in one object: above the deepest published CRDs, below what recursive Python code stands."""

    output_bytes: int = 64 * MIB
    """All objects as JSON: aliases may multiply what was read."""


@dataclass(frozen=True, slots=True)
class ProcessLimits:
    """What one child takes from itself before its first request."""

    address_space_bytes: int = 3 * 1024 * MIB
    """RLIMIT_AS. The Go runtime reserves more than 1 GiB of it before it does anything."""

    stack_bytes: int = 64 * MIB
    """Of one goroutine: endless recursion ends here."""

    open_files: int = 16
    """RLIMIT_NOFILE."""

    cpu_s: int = 30
    """CPU time of one request, over all threads."""


HANDSHAKE_DEADLINE_S = 10.0
"""From the start of a child to its proof; it takes some 30 ms on a quiet machine."""

DEADLINE_S = 30.0
"""One request, the time of the files it asks for included."""

MESSAGE_BYTES = 32 * MIB
"""One JSON message of the child: an answer's header or a question. The manifests are a frame of their own."""

STDERR_BYTES = 8 * 1024
"""What is kept of a child's last words."""
