"""The build environment: what texts of a source may name of their application. Argo CD: ARGOCD_APP_*."""

from __future__ import annotations

import re
from collections.abc import Mapping

NAME = "ARGOCD_APP_NAME"
NAMESPACE = "ARGOCD_APP_NAMESPACE"
PROJECT_NAME = "ARGOCD_APP_PROJECT_NAME"
SOURCE_PATH = "ARGOCD_APP_SOURCE_PATH"
SOURCE_REPO_URL = "ARGOCD_APP_SOURCE_REPO_URL"
SOURCE_TARGET_REVISION = "ARGOCD_APP_SOURCE_TARGET_REVISION"
REVISION = "ARGOCD_APP_REVISION"
SHORT_REVISIONS: Mapping[str, int] = {"ARGOCD_APP_REVISION_SHORT": 7, "ARGOCD_APP_REVISION_SHORT_8": 8}
REVISIONS = frozenset({REVISION, *SHORT_REVISIONS})

_REFERENCE = re.compile(
    r"\$(?:\{(?P<braced>[^}]+)\}|(?P<broken>\{\}?)|(?P<special>[*#$@!?0-9-])|(?P<plain>[A-Za-z0-9_]+))"
)


class Environment:
    """Values by name, and which of them were used so far."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._values = values
        self.used: set[str] = set()

    @property
    def names(self) -> tuple[str, ...]:
        """All names that there are."""
        return tuple(self._values)

    def value(self, name: str) -> str:
        """One value, "" for a name that there is not."""
        if name in self._values:
            self.used.add(name)
        return self._values.get(name, "")

    def substituted(self, text: str) -> str:
        """The text with `$NAME` and `${NAME}` replaced. Argo CD (os.Expand): `$$` is a dollar, unknown names are
        nothing, and braces that hold or close nothing vanish.
        """
        return _REFERENCE.sub(self._replacement, text)

    @property
    def uses_revision(self) -> bool:
        """Whether anything that was substituted changes with every commit."""
        return bool(self.used & REVISIONS)

    def _replacement(self, match: re.Match[str]) -> str:
        if match["broken"]:
            return ""
        name = match["braced"] or match["special"] or match["plain"]
        return "$" if name == "$" else self.value(name)


def revision_values(commit: str) -> Mapping[str, str]:
    """The revision in its lengths."""
    return {REVISION: commit, **{name: commit[:chars] for name, chars in SHORT_REVISIONS.items()}}
