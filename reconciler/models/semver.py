"""Version constraints of charts, Git tags and OCI tags, read as Helm and Argo CD read them: Masterminds/semver v3.

A pre-release satisfies only an alternative in which some version names a pre-release itself, such as `>=1.0.0-0`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from typing import NamedTuple

MAX_CONSTRAINT_CHARS = 512
MAX_VERSION_CHARS = 256
MAX_ALTERNATIVES = 32
LARGEST_NUMBER = 2**64 - 1

_TAIL = r"(?P<pre>-[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?(?:\+[0-9A-Za-z-]+(?:\.[0-9A-Za-z-]+)*)?"
_VERSION = re.compile(r"v?(?P<major>[0-9]+)(?:\.(?P<minor>[0-9]+))?(?:\.(?P<patch>[0-9]+))?" + _TAIL)
_PART = r"[0-9|xX*]+"
_WANTED = rf"v?(?P<major>{_PART})(?:\.(?P<minor>{_PART}))?(?:\.(?P<patch>{_PART}))?" + _TAIL
_NAMELESS = re.sub(r"\?P<\w+>", "?:", _WANTED)
_OPERATOR = r"=||!=|>|<|>=|=>|<=|=<|~|~>|\^"
_TERM = re.compile(rf"(?P<operator>{_OPERATOR}) ?(?P<version>{_WANTED})")
_EACH = re.compile(rf"(?:{_OPERATOR}) ?(?:{_NAMELESS})")
_ALTERNATIVE = re.compile(rf" ?{_EACH.pattern} ?(?:(?: |, ?){_EACH.pattern} ?)*")
_SPAN = re.compile(rf" ?({_NAMELESS}) - ({_NAMELESS}) ?")
_BLANKS = re.compile(r"[\t\n\f\r ]+")
_WILD = ("x", "X", "*")


class Version(NamedTuple):
    """A version; build metadata plays no part in any comparison."""

    major: int
    minor: int
    patch: int
    pre: str = ""

    @property
    def key(self) -> tuple[object, ...]:
        """What versions are ordered by: a release comes after its pre-releases, numbers in those before words."""
        parts = tuple(_pre_key(part) for part in self.pre.split(".")) if self.pre else ((2,),)
        return self.major, self.minor, self.patch, parts


class Term(NamedTuple):
    """One comparison, such as `~1.2`. The parts that are wild or left out are zero in `base`."""

    operator: str
    base: Version
    any_minor: bool = False
    any_patch: bool = False
    is_wild: bool = False
    """Whether any part is."""


Constraint = tuple[tuple[Term, ...], ...]
"""Alternatives; a version has to satisfy every term of one."""


def is_version(text: str) -> bool:
    """Whether this names one version, be it shortened or with a leading `v`: then it is no constraint."""
    return parse_version(text) is not None


def is_constraint(text: str) -> bool:
    """Whether this is a range of versions. Argo CD: what is a version itself is a pin."""
    return not is_version(text) and parse_constraint(text) is not None


def highest(constraint: str, versions: Iterable[str]) -> str | None:
    """The highest of the versions that satisfies a constraint, as it is written there; the first of equal ones.

    None when none does, or `constraint` is none. What is no version is passed over.
    """
    alternatives = parse_constraint(constraint)
    if alternatives is None:
        return None
    parsed = ((text, parse_version(text)) for text in versions)
    fitting = [(text, version) for text, version in parsed if version and satisfies(version, alternatives)]
    return max(fitting, key=lambda pair: pair[1].key, default=("", None))[0] or None


def satisfies(version: Version, constraint: Constraint) -> bool:
    """Whether a version satisfies any alternative of a constraint."""
    return any(_fits(version, terms) for terms in constraint)


def parse_version(text: str) -> Version | None:
    """A version such as `1.2.3-rc.1`, `v1.2` or `1`; None for anything else."""
    match = _VERSION.fullmatch(text) if len(text) <= MAX_VERSION_CHARS else None
    if match is None:
        return None
    major, minor, patch = (int(match[name] or 0) for name in ("major", "minor", "patch"))
    pre = (match["pre"] or "")[1:]
    leading_zero = any(part.isdigit() and len(part) > 1 and part[0] == "0" for part in pre.split("."))
    return None if leading_zero or max(major, minor, patch) > LARGEST_NUMBER else Version(major, minor, patch, pre)


@lru_cache(maxsize=1024)
def parse_constraint(text: str) -> Constraint | None:
    """The alternatives of a constraint such as `^1.2 || 2.x`; None when this is none."""
    if len(text) > MAX_CONSTRAINT_CHARS:
        return None
    # Runs of blanks mean no more than one does, and patterns that repeat them are slow on hostile text.
    plain = _spelled_out(_BLANKS.sub(" ", text))
    alternatives = plain.split("||")
    if len(alternatives) > MAX_ALTERNATIVES or not all(map(_ALTERNATIVE.fullmatch, alternatives)):
        return None
    parsed = [[_term(found) for found in _EACH.findall(one)] for one in alternatives]
    if any(term is None for terms in parsed for term in terms):
        return None
    return tuple(tuple(term for term in terms if term) for terms in parsed)


def _spelled_out(text: str) -> str:
    """The same with each `1.2 - 3.4` as `>= 1.2, <= 3.4`."""
    for match in _SPAN.finditer(text):
        text = text.replace(match[0], f">= {match[1]}, <= {match[2]} ", 1)
    return text


def _term(text: str) -> Term | None:
    match = _TERM.fullmatch(text)
    assert match is not None, "the pattern that found it is the same"
    major, minor, patch = match["major"], match["minor"], match["patch"]
    pre = match["pre"] or ""
    written, any_minor, any_patch, is_wild = match["version"], False, False, True
    if major in _WILD:
        written = f"0.0.0{pre}"
    elif minor is None or minor in _WILD:
        written, any_minor = f"{major}.0.0{pre}", True
    elif patch is None or patch in _WILD:
        written, any_patch = f"{major}.{minor}.0{pre}", True
    else:
        is_wild = False
    base = parse_version(written)
    return base and Term(match["operator"], base, any_minor, any_patch, is_wild)


def _fits(version: Version, terms: tuple[Term, ...]) -> bool:
    if version.pre and not any(term.base.pre for term in terms):
        return False
    return all(_CHECKS[term.operator](version, term) for term in terms)


def _equal(version: Version, term: Term) -> bool:
    return _tilde(version, term) if term.is_wild else version == term.base


def _not_equal(version: Version, term: Term) -> bool:
    base = term.base
    if not term.any_minor and not term.any_patch:
        return version != base
    if version.major != base.major:
        return True
    if term.any_minor:
        return False
    return version.minor != base.minor or version.pre != base.pre


def _greater(version: Version, term: Term) -> bool:
    base = term.base
    if not term.is_wild or version.major != base.major:
        return version.key > base.key
    if term.any_minor:
        return False
    return version.minor > base.minor if term.any_patch else version.key > base.key


def _less(version: Version, term: Term) -> bool:
    return version.key < term.base.key


def _at_least(version: Version, term: Term) -> bool:
    return version.key >= term.base.key


def _at_most(version: Version, term: Term) -> bool:
    base = term.base
    if not term.is_wild:
        return version.key <= base.key
    if version.major != base.major:
        return version.major < base.major
    return term.any_minor or version.minor <= base.minor


def _tilde(version: Version, term: Term) -> bool:
    """`~1.2.3` is from 1.2.3 below 1.3.0, `~1` below 2.0.0. `~0.0.0` and `*` are anything."""
    base = term.base
    if version.key < base.key:
        return False
    if base[:3] == (0, 0, 0) and not term.any_minor and not term.any_patch:
        return True
    return version.major == base.major and (term.any_minor or version.minor == base.minor)


def _caret(version: Version, term: Term) -> bool:
    """Up to the next change of the first part that is not zero."""
    base = term.base
    if version.key < base.key or version.major != base.major:
        return False
    if base.major > 0 or term.any_minor:
        return True
    if version.minor != base.minor:
        return False
    return base.minor > 0 or term.any_patch or version.patch == base.patch


_CHECKS: Mapping[str, Callable[[Version, Term], bool]] = {
    "": _equal,
    "=": _equal,
    "!=": _not_equal,
    ">": _greater,
    "<": _less,
    ">=": _at_least,
    "=>": _at_least,
    "<=": _at_most,
    "=<": _at_most,
    "~": _tilde,
    "~>": _tilde,
    "^": _caret,
}


def _pre_key(part: str) -> tuple[object, ...]:
    number = int(part) if part.isdigit() else LARGEST_NUMBER + 1
    return (0, number) if number <= LARGEST_NUMBER else (1, part)
