"""What a repository's branches and tags stand for, and which of them a target revision means."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import SourceError
from reconciler.models.keys import PINNED, CommitId
from reconciler.sources.credentials import Access
from reconciler.sources.libgit import list_heads
from reconciler.sources.smart import SmartHttp
from reconciler.sources.transport import Timeouts
from reconciler.sources.wire import RefLine

HEAD = "HEAD"
MAX_REVISION_CHARS = 255

_SHA = re.compile(r"[0-9a-f]{40}")
_SHORT_SHA = re.compile(r"[0-9a-f]{7,39}")
_REVISION = re.compile(r"[A-Za-z0-9_@+#%=!,()&$;.][^\x00-\x20\x7f~^:?*\[\\]*")


@dataclass(frozen=True, slots=True)
class Refs:
    """Commits by full ref name (tags peeled), as one look saw them; `default_branch` is the full name that HEAD
    points to.
    """

    heads: Mapping[str, CommitId]
    default_branch: str | None = None

    @classmethod
    def of(cls, lines: Sequence[RefLine]) -> Refs:
        symref = next((line.symref for line in lines if line.name == HEAD), None)
        return cls({line.name: line.peeled or line.oid for line in lines}, symref)


@dataclass(frozen=True, slots=True)
class Resolution:
    """The commit that a target revision means, and what binds it: a full ref name, `HEAD`, or PINNED when nothing
    can move it.
    """

    commit: CommitId
    binding: str


def check_revision(revision: str) -> str:
    """The revision without blanks around it; empty means HEAD. Raises SourceError for what cannot name a branch,
    tag or commit.
    """
    text = revision.strip() or HEAD
    if len(text) > MAX_REVISION_CHARS:
        raise SourceError(f"targetRevision is longer than {MAX_REVISION_CHARS} characters")
    if not _REVISION.fullmatch(text) or "@{" in text or ".." in text or text.endswith((".lock", "/")):
        raise SourceError(
            f"targetRevision {text[:80]!r} is no branch, tag or commit; Git's query syntax is not accepted"
        )
    return text


def prefixes_for(revision: str) -> tuple[str, ...]:
    """The ref prefixes that have to be asked for to resolve a revision. Raises SourceError."""
    text = check_revision(revision)
    if _SHA.fullmatch(text):
        return ()
    if text == HEAD or text.startswith("refs/"):
        return (text,)
    if _SHORT_SHA.fullmatch(text):
        return (HEAD, "refs/heads/", "refs/tags/")
    return (f"refs/heads/{text}", f"refs/tags/{text}")


def resolve(refs: Refs, target_revision: str) -> Resolution:
    """What a target revision means: a full SHA itself, else a branch before a tag, else a short SHA that a ref stands
    on.

    Argo CD: Git behaviour of `targetRevision`. Raises SourceError naming the revision.
    """
    text = check_revision(target_revision)
    if _SHA.fullmatch(text):
        return Resolution(CommitId(text), PINNED)
    for name in _bindings(text):
        if name in refs.heads:
            return Resolution(refs.heads[name], name)
    if _SHORT_SHA.fullmatch(text):
        return _resolve_short(refs, text)
    if text == HEAD:
        raise SourceError("the repository is empty: HEAD names no commit; push one, or name a branch in targetRevision")
    raise SourceError(f"unable to resolve {text!r} to a commit SHA: the repository has no such branch or tag")


def expected_binding(target_revision: str) -> str:
    """The binding that a revision will have once it resolves: what an application follows whose branch is not there
    yet.

    Raises SourceError for what cannot be a revision.
    """
    text = check_revision(target_revision)
    return PINNED if _SHA.fullmatch(text) else _bindings(text)[0]


def list_refs(access: Access, prefixes: Sequence[str], smart: SmartHttp, timeouts: Timeouts) -> Refs:
    """One look at the refs below the prefixes (all of them when none is given). Raises SourceUnavailable,
    SourceError.
    """
    if access.address.scheme == "ssh":
        return Refs.of(list_heads(access, timeouts))
    return Refs.of(smart.ls_refs(access, prefixes))


def _bindings(text: str) -> tuple[str, ...]:
    """The full ref names that a checked revision may mean, the first one there counts."""
    if text == HEAD or text.startswith("refs/"):
        return (text,)
    return f"refs/heads/{text}", f"refs/tags/{text}"


def _resolve_short(refs: Refs, text: str) -> Resolution:
    found = {oid for oid in refs.heads.values() if oid.startswith(text)}
    if len(found) == 1:
        return Resolution(found.pop(), PINNED)
    why = "more than one branch or tag stands on such a commit" if found else "no branch or tag stands on it"
    raise SourceError(f"unable to resolve {text!r} to a commit SHA: {why}; write all 40 digits")
