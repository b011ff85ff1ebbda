"""How live objects are looked at in one installation: what its settings say of kinds, and who runs their scripts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.errors import NotHonoured, ReconcilerError
from reconciler.models import words
from reconciler.models.customizations import Customizations, Script
from reconciler.models.customizations.kinds import NO_CUSTOMIZATIONS
from reconciler.models.filters import NO_FILTERS, Filters
from reconciler.models.keys import GroupKind
from reconciler.models.manifest import JsonObject, Manifest, split_api_version
from reconciler.models.observed import Health
from reconciler.models.source import IgnoreDifference
from reconciler.models.tracking import BY_ANNOTATION, Tracking
from reconciler.plan.health import assess, is_going
from reconciler.plan.health.scripted import health_of
from reconciler.plan.ignore import Cut, IgnoreRules, no_jq
from reconciler.plan.migration import ARGOCD_MANAGER

RunScript = Callable[[Script, JsonObject], Any]
"""What a Lua program returns for an object, as JSON. Raises SpecError when it fails or does not end."""


def no_lua(_script: Script, _body: JsonObject) -> Any:
    """Where there is nobody to run Lua. Raises NotHonoured."""
    raise NotHonoured("the health of this kind is a Lua script, which cannot be run here")


@dataclass(frozen=True, slots=True)
class Lens:
    """`cut` runs jq, `run` runs Lua: both belong to whoever may call a renderer."""

    settings: Customizations = NO_CUSTOMIZATIONS
    manager: str = ARGOCD_MANAGER
    """The field manager that we apply as."""

    tracking: Tracking = BY_ANNOTATION
    filters: Filters = NO_FILTERS
    cut: Cut = no_jq
    run: RunScript = no_lua

    def health(self, body: JsonObject) -> Health | None:
        """Argo CD: deletion first, then the settings' own script, then what is built in. Never raises."""
        script = self.script_of(body)
        if script is None:
            return assess(body)
        try:
            return health_of(self.run(script, body))
        except ReconcilerError as error:
            return Health("Unknown", f"the health script of {_kind(body)} failed: {error}")

    def script_of(self, body: JsonObject) -> Script | None:
        """The script that judges the health of a live object; None where a built-in check does."""
        script = None if is_going(body) else self.settings.health_of(_kind(body))
        return script if script and script.text else None

    def rules(self, application: Iterable[IgnoreDifference]) -> IgnoreRules:
        """What is not compared: the settings' rules, then the Application's own."""
        return IgnoreRules.of(application, self.settings.ignore_differences, cut=self.cut)


PLAIN: Final = Lens()
"""Without settings, and with nobody to run a script."""


def compare_options(annotations: Mapping[str, str]) -> Mapping[str, str]:
    """The words of a compare-options annotation: `{"ServerSideDiff": "true"}`; one without a value is true."""
    words_given = (part.strip().partition("=") for part in annotations.get(words.COMPARE_OPTIONS, "").split(","))
    return {name: value or words.TRUE for name, _, value in words_given if name}


def ignores_extraneous(live: Manifest) -> bool:
    """Argo CD: such an object does not make its application OutOfSync by being there without being desired."""
    return "IgnoreExtraneous" in compare_options(live.annotations)


def _kind(body: JsonObject) -> GroupKind:
    return GroupKind(split_api_version(body.get("apiVersion") or "")[0], body.get("kind") or "")
