"""Data keys of files that SOPS sealed, unwrapped beside the renderings: private keys and templates never meet."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from types import TracebackType
from typing import Final, Self

import msgspec
import orjson

from reconciler.render.child import RendererChild
from reconciler.render.protocol import (
    DirEntry,
    KeyRefused,
    NotAFile,
    RendererDied,
    RenderFailed,
    RenderRequest,
    UnwrapParams,
    WrappedKey,
)

DEADLINE_S: Final = 5.0
"""One data key: some milliseconds for age, some ten for a large PGP key."""

AGE_SUFFIX, PGP_SUFFIX = ".agekey", ".asc"
"""Ends of the names in a Secret of keys. Flux: the same."""


@dataclass(frozen=True, slots=True)
class SopsKeys:
    """The private keys of one project. `repr` shows none. `problem` says why there are none."""

    name: str = ""
    age: tuple[str, ...] = field(default=(), repr=False)
    pgp: tuple[str, ...] = field(default=(), repr=False)
    problem: str = ""

    @classmethod
    def of(cls, name: str, data: Mapping[str, str]) -> SopsKeys:
        """The keys in a Secret's data, by the ends of their names."""
        age = tuple(text for key, text in sorted(data.items()) if key.endswith(AGE_SUFFIX))
        pgp = tuple(text for key, text in sorted(data.items()) if key.endswith(PGP_SUFFIX))
        problem = "" if age or pgp else f"Secret {name} has no key: name them *{AGE_SUFFIX} or *{PGP_SUFFIX}"
        return cls(name, age, pgp, problem)

    @property
    def identity(self) -> str:
        """Names these keys, so that a result made with them is given to nobody who has others."""
        return blake2b(orjson.dumps([self.name, self.age, self.pgp]), digest_size=16).hexdigest()


NO_KEYS: Final = SopsKeys(problem="the project names no keys: annotate it with reconciler.dev/sops-keys: SECRET")


class _NoFiles:
    """Keys read no file."""

    def list(self, path: str) -> Sequence[DirEntry]:
        raise NotAFile("keys read no files", path=path)

    def read(self, path: str) -> bytes:
        raise NotAFile("keys read no files", path=path)

    def glob(self, pattern: str) -> Sequence[str]:
        raise NotAFile("keys read no files", path=pattern)

    def where(self, path: str) -> str:
        return path


class Unsealing:
    """Unwraps the data keys of one rendering, in a child of its own that ends with it. Calling it gives one key."""

    def __init__(self, keys: SopsKeys, start: Callable[[], RendererChild]) -> None:
        self._keys = keys
        self._start = start
        self._child: RendererChild | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._child:
            self._child.close()

    def __call__(self, wrapped: Sequence[WrappedKey]) -> bytes:
        """The data key that one of these holds. Raises KeyRefused, SandboxRefused."""
        if self._keys.problem:
            raise KeyRefused(self._keys.problem)
        if self._child is None or not self._child.alive:
            self._child = self._start()
        params = UnwrapParams([msgspec.to_builtins(key) for key in wrapped], self._keys.age, self._keys.pgp)
        try:
            answer = self._child.render(RenderRequest(params), _NoFiles(), deadline_s=DEADLINE_S)
        except RenderFailed as refused:
            raise KeyRefused(f"{refused} (Secret {self._keys.name})") from None
        except RendererDied:
            raise KeyRefused(f"opening it with the keys of Secret {self._keys.name} ended the key service") from None
        return base64.b64decode(answer.bodies[0]["key"])
