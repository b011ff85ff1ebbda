"""What goes over the pipe between us and a renderer child, and what a file server has to answer.

Frames are four bytes of length, big-endian, and a payload. One request at a time: while it runs the child asks (`ask`)
for listings, files and globs; it ends with a header and a raw frame of manifests, or with an error.
`renderer/protocol.go` holds the same words.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields
from typing import Any, ClassVar, Literal, Protocol

import msgspec

from reconciler.errors import ConfigurationError, SourceError
from reconciler.models.manifest import JsonObject
from reconciler.render.limits import RequestLimits

PROTOCOL_VERSION = 1

EntryType = Literal["file", "dir", "symlink", "submodule"]
DeathKind = Literal["deadline", "memory", "cpu", "stack", "killed", "crash", "protocol"]


@dataclass(frozen=True, slots=True)
class DirEntry:
    """One name in a folder. A link is a `symlink`, whatever it leads to."""

    name: str
    type: EntryType


class FileServer(Protocol):
    """Serves one repository at one commit and records what it served.

    Paths are relative to the repository's root, with `/` and without a leading one; the root is the empty string. Links
    are followed inside the repository only. All three raise FileRefused; any other error ends the request and is raised
    by `RendererChild.render` as it is.
    """

    def list(self, path: str) -> Sequence[DirEntry]:
        """The entries of a folder, in any order. Raises PathMissing, PathEscapes, NotAFile (it is no folder)."""

    def read(self, path: str) -> bytes:
        """A file's bytes. Raises PathMissing, PathEscapes, NotAFile (a folder or submodule), FileTooLarge."""

    def glob(self, pattern: str) -> Sequence[str]:
        """The files whose paths match, sorted. Raises PathEscapes."""

    def where(self, path: str) -> str:
        """The path behind links, or the same where nothing is found."""


class FileRefused(SourceError):
    """A file server's `no` about one path: the same commit will say it again. Names the path, never its content."""

    code: ClassVar[str] = "unavailable"

    def __init__(self, message: str, *, path: str) -> None:
        super().__init__(message)
        self.path = path


class PathMissing(FileRefused):
    """There is nothing at this path, or a link at it leads nowhere."""

    code = "path-missing"


class PathEscapes(FileRefused):
    """The path, or a link on it, leaves the repository."""

    code = "path-escapes"


class NotAFile(FileRefused):
    """Something else is there: a folder or submodule where a file was wanted, a file where a folder was."""

    code = "not-a-file"


class FileTooLarge(FileRefused):
    """The file alone is over the cap, so it was not loaded."""

    code = "too-large"


class KeyRefused(FileRefused):
    """No key opens what is asked for. The message says why, and holds no key."""

    code = "sealed"

    def __init__(self, message: str) -> None:
        super().__init__(message, path="")


class FactUnknown(FileRefused):
    """Nothing is known of the cluster. The message says why."""


class Facts(Protocol):
    """What templates may ask about the destination cluster. All raise FactUnknown, or what reading a cluster raises:
    an API that could not be looked for is never absent.
    """

    def kube_version(self) -> str:
        """The version of the cluster, like `v1.36.3`."""

    def has_api(self, name: str) -> bool:
        """Whether it serves a `group/version` or a `group/version/Kind`."""

    def api_versions(self) -> Sequence[str]:
        """All that it serves, in both forms, sorted."""


class NoFacts:
    """Where there is no cluster to ask."""

    def kube_version(self) -> str:
        raise FactUnknown("there is no cluster to ask for its version; name one in helm.kubeVersion", path="")

    def has_api(self, name: str) -> bool:
        raise FactUnknown(f"there is no cluster to ask for {name}; name its APIs in helm.apiVersions", path="")

    def api_versions(self) -> Sequence[str]:
        raise FactUnknown("there is no cluster to ask for its APIs; name them in helm.apiVersions", path="")


class RenderFailed(SourceError):
    """The child's clear `no`. `code` is a word of renderer/protocol.go; `path` and `line` may be None."""

    def __init__(self, message: str, *, code: str, path: str | None = None, line: int | None = None) -> None:
        super().__init__(message)
        self.code, self.path, self.line = code, path, line


class RendererDied(SourceError):
    """The request killed its child: `kind` says how, the message adds the exit status and the child's last word."""

    def __init__(self, message: str, *, kind: DeathKind) -> None:
        super().__init__(message)
        self.kind = kind


class SandboxRefused(ConfigurationError):
    """The child did not start, or could not prove that it can reach nothing."""


class Params(Protocol):
    """What a request of one kind asks for: a dataclass whose fields are the names on the wire."""

    kind: ClassVar[str]
    __dataclass_fields__: ClassVar[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class CutParams:
    """Objects, and jq path expressions of what is to be taken out of each. Argo CD: `jqPathExpressions`."""

    kind: ClassVar[str] = "jq-cut"
    runs: Sequence[JsonObject]


@dataclass(frozen=True, slots=True)
class LuaParams:
    """Objects, and a Lua program for each. Argo CD: health checks and actions of the settings."""

    kind: ClassVar[str] = "lua"
    runs: Sequence[JsonObject]


@dataclass(frozen=True, slots=True)
class FillParams:
    """JSON templates of Go's text/template, and for each run which of them is filled with which parameters."""

    kind: ClassVar[str] = "go-template"
    templates: Sequence[Any]
    options: Sequence[str]
    runs: Sequence[JsonObject]


@dataclass(frozen=True, slots=True)
class UnwrapParams:
    """Data keys that SOPS wrapped, any of which is to be opened, and the texts of the private keys to try."""

    kind: ClassVar[str] = "unwrap"
    keys: Sequence[JsonObject] = field(repr=False)
    age: Sequence[str] = field(repr=False)
    pgp: Sequence[str] = field(repr=False)


class WrappedKey(msgspec.Struct, frozen=True):
    """A data key sealed for one recipient; `type` is "age" or "pgp"."""

    type: str
    recipient: str
    ciphertext: str


Unwrap = Callable[[Sequence[WrappedKey]], bytes]


def no_keys(keys: Sequence[WrappedKey]) -> bytes:
    """Where nobody has keys. Raises KeyRefused."""
    del keys
    raise KeyRefused("there are no keys to open it with")


@dataclass(frozen=True, slots=True)
class RenderRequest:
    """One source to render. Children are not shared between projects, nor used again after a secret.

    `unwrap` opens the data key of a file that SOPS sealed; it raises KeyRefused.
    """

    params: Params
    project: str = ""
    limits: RequestLimits = field(default_factory=RequestLimits)
    retire_child: bool = False
    unwrap: Unwrap = no_keys

    def message(self, number: int) -> JsonObject:
        """The request as the child reads it."""
        params = {**wire(self.params), "limits": wire(self.limits)}
        return {"id": number, "kind": self.params.kind, "params": params}


def wire(value: Params | RequestLimits) -> JsonObject:
    """A dataclass by its fields; those inside them are written by orjson."""
    return {one.name: getattr(value, one.name) for one in fields(value)}


class Origin(msgspec.Struct, frozen=True):
    """Where an object came from; `line` is the first of its document, from 1."""

    path: str
    line: int


class RenderWarning(msgspec.Struct, frozen=True):
    """Something passed over. `line` is 0 where it concerns the whole file."""

    code: str
    message: str
    path: str
    line: int


class Fault(msgspec.Struct, frozen=True, omit_defaults=True):
    """An error on the wire, in both directions."""

    code: str
    message: str
    path: str = ""
    line: int = 0


class Remote(msgspec.Struct, frozen=True):
    """Something to fetch. `kind` "git": a base as kustomizations write it; "chart": a chart by its repository's URL,
    its name and a version or range; "http": one file; "ref": the tree of the application's source that has this ref.
    """

    kind: str
    url: str
    name: str = ""
    version: str = ""


class Mounted(msgspec.Struct, frozen=True):
    """Where something fetched can be read: a folder or a file in a mount."""

    mount: str
    path: str


class ChildMessage(msgspec.Struct, frozen=True):
    """Anything a child says during a request: a question (`ask`), an error, or the header of its answer."""

    ask: Literal["", "list", "read", "glob", "fetch", "unwrap", "kube_version", "has_api", "api_versions"] = ""
    mount: str = ""
    name: str = ""
    remote: Remote | None = None
    path: str = ""
    paths: list[str] = []
    pattern: str = ""
    max_bytes: int = 0
    keys: list[WrappedKey] = []
    id: int = 0
    ok: bool = False
    count: int = 0
    origins: list[Origin] = []
    warnings: list[RenderWarning] = []
    facts_used: list[str] = []
    unsealed: list[str] = []
    error: Fault | None = None


class SandboxReport(msgspec.Struct, frozen=True):
    """What the child says about its sandbox: per act that must fail, the error it got."""

    installed: bool
    proof: dict[str, str]


class Welcome(msgspec.Struct, frozen=True):
    """The child's half of the handshake."""

    protocol: int
    platform: str
    languages: list[str]
    sandbox: SandboxReport


@dataclass(frozen=True, slots=True)
class RenderAnswer:
    """The manifests of one source, in order. `encoded` is the JSON array of the same objects, ready to be stored.

    `unsealed` are the files that SOPS had sealed: what came of them is not to be shown.
    """

    bodies: list[JsonObject]
    encoded: bytes
    origins: tuple[Origin, ...]
    warnings: tuple[RenderWarning, ...] = ()
    facts_used: tuple[str, ...] = ()
    unsealed: tuple[str, ...] = ()
