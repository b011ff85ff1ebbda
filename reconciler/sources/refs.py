"""What a repository's branches and tags stand for, and which of them a target revision means.

A binding names what a revision follows: `HEAD`, a full ref name, or `semver:<tag prefix>:<constraint>`, the highest tag
that satisfies a constraint. Argo CD: Git behaviour of `targetRevision` and `tagPrefix`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.errors import SourceError
from reconciler.models import semver
from reconciler.models.keys import PINNED, CommitId, Revision
from reconciler.sources.credentials import Access
from reconciler.sources.libgit import list_heads
from reconciler.sources.smart import SmartHttp
from reconciler.sources.transport import Timeouts
from reconciler.sources.wire import RefLine

HEAD, HEADS, TAGS = "HEAD", "refs/heads/", "refs/tags/"
SEMVER = "semver"
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
    """What a target revision means now, and what binds it: PINNED when nothing can move it."""

    revision: Revision
    binding: str

    @property
    def commit(self) -> CommitId:
        """The revision of a Git source."""
        return CommitId(self.revision)


def check_revision(revision: str) -> str:
    """The revision without blanks around it; empty means HEAD. Raises SourceError for what can name no branch, tag,
    commit or range of versions.
    """
    text = revision.strip() or HEAD
    if len(text) > MAX_REVISION_CHARS:
        raise SourceError(f"targetRevision is longer than {MAX_REVISION_CHARS} characters")
    if not _is_name(text) and not semver.is_constraint(text):
        raise SourceError(
            f"targetRevision {text[:80]!r} is no branch, tag or commit; Git's query syntax is not accepted"
        )
    return text


def check_tag_prefix(prefix: str) -> str:
    """A prefix that names of tags can have. Raises SourceError."""
    if prefix and (len(prefix) > MAX_REVISION_CHARS or not _is_name(prefix.removesuffix("/"))):
        raise SourceError(f"tagPrefix {prefix[:80]!r} begins no name of a tag")
    return prefix


def prefixes_for(revision: str, tag_prefix: str = "") -> tuple[str, ...]:
    """The ref prefixes that have to be asked for to resolve a revision. Raises SourceError."""
    text = check_revision(revision)
    if _SHA.fullmatch(text):
        return ()
    bindings = _bindings(text, check_tag_prefix(tag_prefix))
    short = (HEAD, HEADS, TAGS) if _SHORT_SHA.fullmatch(text) else ()
    return short or listed_for(bindings)


def listed_for(bindings: Iterable[str]) -> tuple[str, ...]:
    """The ref prefixes that have to be asked for to know what these bindings stand for."""
    return tuple(dict.fromkeys(prefix for binding in bindings for prefix in _listed(binding)))


def resolve(refs: Refs, target_revision: str, tag_prefix: str = "") -> Resolution:
    """What a target revision means: a full SHA itself, else the highest tag of a range, else a branch before a tag,
    else a short SHA that a ref stands on. A range that no tag satisfies is a name like any other.

    Raises SourceError naming the revision.
    """
    text, prefix = check_revision(target_revision), check_tag_prefix(tag_prefix)
    found = _found(text, prefix, lambda binding: head_of(refs, binding))
    if found:
        return found
    if _SHORT_SHA.fullmatch(text):
        return _resolve_short(refs, text)
    if text == HEAD:
        raise SourceError("the repository is empty: HEAD names no commit; push one, or name a branch in targetRevision")
    what = f"no tag that begins with {prefix!r} and satisfies it" if prefix else "no such branch or tag"
    raise SourceError(f"unable to resolve {text!r} to a commit SHA: the repository has {what}")


def recalled(known: Mapping[str, Revision], target_revision: str, tag_prefix: str = "") -> Resolution | None:
    """What a target revision means by what is known of each binding; None when somebody has to look.

    Raises SourceError for what cannot be a revision.
    """
    text = check_revision(target_revision)
    found = _found(text, check_tag_prefix(tag_prefix), known.get)
    if found or not _SHORT_SHA.fullmatch(text):
        return found
    commits = {commit for commit in known.values() if commit.startswith(text)}
    return Resolution(commits.pop(), PINNED) if len(commits) == 1 else None


def expected_binding(target_revision: str, tag_prefix: str = "") -> str:
    """The binding that a revision will have once it resolves: what an application follows whose branch is not there
    yet.

    Raises SourceError for what cannot be a revision.
    """
    text = check_revision(target_revision)
    return PINNED if _SHA.fullmatch(text) else _bindings(text, check_tag_prefix(tag_prefix))[0]


def head_of(refs: Refs, binding: str) -> CommitId | None:
    """The commit that a binding stands for; None when it stands for nothing."""
    kind, _, rest = binding.partition(":")
    if kind != SEMVER:
        return refs.heads.get(binding)
    prefix, _, constraint = rest.partition(":")
    start = TAGS + prefix
    versions = (name.removeprefix(start) for name in refs.heads if name.startswith(start))
    best = semver.highest(constraint, versions)
    if best is not None:
        return refs.heads[start + best]
    return next((refs.heads[name] for name in _plain(constraint) if name in refs.heads), None)


def list_refs(access: Access, prefixes: Sequence[str], smart: SmartHttp, timeouts: Timeouts) -> Refs:
    """One look at the refs below the prefixes (all of them when none is given). Raises SourceUnavailable,
    SourceError.
    """
    if access.address.scheme == "ssh":
        return Refs.of(list_heads(access, timeouts))
    return Refs.of(smart.ls_refs(access, prefixes))


def _found(text: str, prefix: str, head: Callable[[str], str | None]) -> Resolution | None:
    if _SHA.fullmatch(text):
        return Resolution(Revision(text), PINNED)
    heads = ((binding, head(binding)) for binding in _bindings(text, prefix))
    return next((Resolution(Revision(commit), binding) for binding, commit in heads if commit), None)


def _bindings(text: str, prefix: str) -> tuple[str, ...]:
    """What a checked revision may follow, the first one there counts. Argo CD: a version and a tag below the prefix
    are meant with it.
    """
    if text == HEAD or text.startswith("refs/"):
        return (text,)
    if semver.is_constraint(text):
        return (f"{SEMVER}:{prefix}:{text}",)
    if prefix and semver.is_version(text):
        return tuple(_plain(prefix + text))
    return ((TAGS + prefix + text,) if prefix else ()) + tuple(_plain(text))


def _listed(binding: str) -> Iterator[str]:
    kind, _, rest = binding.partition(":")
    if kind != SEMVER:
        yield binding
        return
    prefix, _, constraint = rest.partition(":")
    yield TAGS + prefix
    # A branch may be called `1.x`, which is what is meant as long as no tag is.
    yield from _plain(constraint) if _is_name(constraint) else ()


def _plain(name: str) -> tuple[str, str]:
    return HEADS + name, TAGS + name


def _is_name(text: str) -> bool:
    """Whether this can name a branch or a tag, and is nothing that Git would take for a query."""
    odd = "@{" in text or ".." in text or text.endswith((".lock", "/"))
    return bool(_REVISION.fullmatch(text)) and not odd


def _resolve_short(refs: Refs, text: str) -> Resolution:
    found = {oid for oid in refs.heads.values() if oid.startswith(text)}
    if len(found) == 1:
        return Resolution(Revision(found.pop()), PINNED)
    why = "more than one branch or tag stands on such a commit" if found else "no branch or tag stands on it"
    raise SourceError(f"unable to resolve {text!r} to a commit SHA: {why}; write all 40 digits")
