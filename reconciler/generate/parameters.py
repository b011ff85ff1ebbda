"""What Argo CD's parameters (`argocd-cmd-params-cm`) say of every ApplicationSet."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

POLICY: Final = "applicationsetcontroller.policy"
OVERRIDE: Final = "applicationsetcontroller.enable.policy.override"
DRY_RUN: Final = "applicationsetcontroller.dryrun"
NEW_GLOBBING: Final = "applicationsetcontroller.enable.new.git.file.globbing"

SWITCHES: Final[Mapping[str, bool]] = {
    **dict.fromkeys(("1", "t", "T", "true", "True", "TRUE"), True),
    **dict.fromkeys(("0", "f", "F", "false", "False", "FALSE"), False),
}
"""Go's strconv.ParseBool. Argo CD: whatever else stands there counts as not given."""


def is_on(params: Mapping[str, str], name: str, *, default: bool = False) -> bool:
    """Whether a switch is on; `default` where it is not given."""
    return SWITCHES.get(params.get(name, ""), default)
