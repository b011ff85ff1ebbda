"""The environment of what `./dev` runs: caches lie in the project folder unless the caller says otherwise."""

from collections.abc import Mapping
from pathlib import Path

from devtools.layout import CACHE

TEMPORARY_FOLDER = CACHE / "tmp"
TEMPORARY: Mapping[str, str] = {"TMPDIR": str(TEMPORARY_FOLDER)}

GO_CACHES: Mapping[str, str] = {
    "GOMODCACHE": str(CACHE / "go-mod"),
    "GOPATH": str(CACHE / "go"),
}

GO_SETTINGS: Mapping[str, str] = {
    # The same program from the same sources on every machine; a missing toolchain is an error, not a download.
    "GOTOOLCHAIN": "local",
    "GOWORK": "off",
    "CGO_ENABLED": "0",
    # A module cache without write permission could not be removed with the folder.
    "GOFLAGS": "-modcacherw",
}


def pip_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment for pip."""
    return {**TEMPORARY, "PIP_CACHE_DIR": str(CACHE / "pip"), **environment, "PIP_DISABLE_PIP_VERSION_CHECK": "1"}


BUILD_CACHE, ONE_TIME_CACHE = CACHE / "go-build", CACHE / "go-build-sandbox"
"""Compiled packages; those of the control plane are 3 GB and of no use once it is built, so they lie apart."""


def go_environment(environment: Mapping[str, str], *, build_cache: Path = BUILD_CACHE) -> dict[str, str]:
    """The caller's environment for the go command."""
    # Go counts its own use in the user's configuration folder, which is not ours to write; what the user set there
    # with `go env -w` still holds.
    home = Path(environment.get("HOME", "/"))
    settings = Path(environment.get("XDG_CONFIG_HOME", home / ".config")) / "go" / "env"
    configuration = {"GOENV": environment.get("GOENV", str(settings)), "XDG_CONFIG_HOME": str(CACHE / "config")}
    return {**TEMPORARY, **GO_CACHES, "GOCACHE": str(build_cache), **environment, **GO_SETTINGS, **configuration}


def run_environment(environment: Mapping[str, str]) -> dict[str, str]:
    """The caller's environment for our own programs: their temporary files lie in the project folder."""
    return {**TEMPORARY, **environment}
