"""What has to happen to the Applications of a set: what it asks for against what there is. Nothing is done here."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from reconciler.generate.faults import GeneratorFault
from reconciler.generate.parameters import OVERRIDE, POLICY, is_on
from reconciler.models import words
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.manifest import JsonObject, LiveObject

Same = Callable[[JsonObject, LiveObject], bool]
Cut = Callable[[str, JsonObject], JsonObject]
"""What is left of an application's body without what its set lets people change."""

POLICIES: Final[Mapping[str, tuple[bool, bool]]] = {
    "": (True, True),
    "sync": (True, True),
    "create-only": (False, False),
    "create-update": (True, False),
    "create-delete": (False, True),
}
"""A policy → whether existing Applications are updated, and whether others are deleted."""

KEPT_ANNOTATIONS: Final = (words.NOTIFIED, words.REFRESH, words.HYDRATE)
"""Argo CD: always as they are, whatever the template says."""

MANY: Final = 10
"""So many Applications may always go at once; more than these only if most stay."""


@dataclass(frozen=True, slots=True)
class ChildPlan:
    """What is to be done, in this order. `faults` say, by name, what cannot be; `withheld` why nothing is deleted."""

    creates: Sequence[JsonObject] = ()
    updates: Sequence[tuple[JsonObject, LiveObject]] = ()
    deletes: Sequence[LiveObject] = ()
    faults: Mapping[str, str] = field(default_factory=dict)
    withheld: str = ""

    @property
    def is_empty(self) -> bool:
        return not (self.creates or self.updates or self.deletes)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a set asks for. `names` holds those that are faulty too: none of them is deleted; `policy`: policy_of."""

    bodies: Sequence[JsonObject]
    names: frozenset[str]
    policy: tuple[bool, bool]


def decide(
    appset: ApplicationSet, wanted: Wanted, live: Mapping[str, LiveObject], *, same: Same, cut: Cut
) -> ChildPlan:
    """The plan. `live` are all Applications of the set's namespace, by name, from one complete list.

    `same` says that writing a body over a live object changes nothing.
    """
    updating, deleting = wanted.policy
    creates: list[JsonObject] = []
    updates: list[tuple[JsonObject, LiveObject]] = []
    faults: dict[str, str] = {}
    for bare in wanted.bodies:
        name = bare["metadata"]["name"]
        there = live.get(name)
        if there is None:
            creates.append(owned(bare, appset))
        elif (other := _controller(there)) not in (None, appset.uid):
            faults[name] = f"application {name} belongs to another controller ({other}) and is left to it"
        elif updating and not there.is_terminating:
            body = settled(owned(bare, appset), there, appset, cut)
            if not same(body, there):
                updates.append((body, there))
    children = [found for found in live.values() if _controller(found) == appset.uid]
    gone = [found for found in children if found.key.name not in wanted.names and not found.is_terminating]
    deletes = sorted(gone, key=lambda found: found.key.name) if deleting else []
    why = _withheld(appset, wanted, deletes, len(children))
    return ChildPlan(creates, updates, [] if why else deletes, faults, why)


def policy_of(appset: ApplicationSet, params: Mapping[str, str]) -> tuple[bool, bool]:
    """Whether existing Applications are updated, and whether others are deleted. Raises GeneratorFault.

    Argo CD: DefaultPolicy. The policy in `params` binds every set; a set's own counts where there is none, or where
    overriding it is switched on.
    """
    own = appset.spec.sync_policy.applications_sync if appset.spec.sync_policy else ""
    of_all = params.get(POLICY, "")
    overrides = bool(own) and is_on(params, OVERRIDE, default=not of_all)
    given = own if overrides else of_all
    if given not in POLICIES:
        known = ", ".join(filter(None, POLICIES))
        place = "spec.syncPolicy.applicationsSync" if overrides else f"{POLICY} of argocd-cmd-params-cm"
        raise GeneratorFault(f"{place} is {given!r}; use one of {known}")
    return POLICIES[given]


def _withheld(appset: ApplicationSet, wanted: Wanted, deletes: Sequence[LiveObject], children: int) -> str:
    """Why nothing may be deleted: an answer that is empty, or nearly so, is more often a mistake than a wish."""
    if not deletes or appset.metadata.annotations.get(words.MASS_DELETION) == words.TRUE:
        return ""
    mend = f'annotate the ApplicationSet with {words.MASS_DELETION}: "true" if this is meant'
    if not wanted.names:
        return f"the generators ask for nothing any more, which would delete all {len(deletes)} applications: {mend}"
    if len(deletes) > max(MANY, children // 2):
        return f"{len(deletes)} of {children} applications are not asked for any more: {mend}"
    return ""


def owned(body: JsonObject, appset: ApplicationSet) -> JsonObject:
    """The Application as its set's child: it goes when the set goes."""
    owner = {
        "apiVersion": words.API_VERSION,
        "kind": "ApplicationSet",
        "name": appset.metadata.name,
        "uid": appset.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }
    return {**body, "metadata": {**body["metadata"], "ownerReferences": [owner]}}


def settled(body: JsonObject, live: LiveObject, appset: ApplicationSet, cut: Cut) -> JsonObject:
    """The Application with what people may change as they have set it. Argo CD: preservedFields and
    ignoreApplicationDifferences; what the template does not set is left alone anyway.
    """
    kept = appset.spec.preserved_fields
    names = {
        "annotations": (*KEPT_ANNOTATIONS, *(kept.annotations if kept else ())),
        "labels": kept.labels if kept else (),
    }
    metadata = dict(body["metadata"])
    for part, keys in names.items():
        there = live.metadata.get(part) or {}
        if part in metadata:
            metadata[part] = {key: there.get(key, own) if key in keys else own for key, own in metadata[part].items()}
    result = {**body, "metadata": metadata}
    left = cut(metadata["name"], result)
    return result if left is result else _as_live(result, left, live.body)


def _as_live(body: Any, left: Any, live: Any) -> Any:
    """`body` with everything that is not in `left` as it is in `live`."""
    if isinstance(body, dict) and isinstance(left, dict):
        there = live if isinstance(live, dict) else {}
        kept = {name: _as_live(value, left[name], there.get(name)) for name, value in body.items() if name in left}
        return kept | {name: there[name] for name in body if name not in left and name in there}
    if isinstance(body, list) and isinstance(left, list) and body != left:
        return live if isinstance(live, list) else body
    return body


def without_pointers(body: JsonObject, pointers: Sequence[str]) -> JsonObject:
    """The body without what JSON pointers name. One that leads nowhere takes nothing away."""
    for pointer in pointers:
        body = _without(body, [part.replace("~1", "/").replace("~0", "~") for part in pointer.split("/")[1:]])
    return body


def _without(value: Any, path: Sequence[str]) -> Any:
    if not path:
        return value
    if isinstance(value, dict) and path[0] in value:
        if len(path) == 1:
            return {name: item for name, item in value.items() if name != path[0]}
        return {**value, path[0]: _without(value[path[0]], path[1:])}
    if isinstance(value, list) and path[0].isdigit() and int(path[0]) < len(value):
        place = int(path[0])
        inside = [] if len(path) == 1 else [_without(value[place], path[1:])]
        return [*value[:place], *inside, *value[place + 1 :]]
    return value


def _controller(live: LiveObject) -> str | None:
    """The uid of the object that an Application belongs to."""
    owners = live.metadata.get("ownerReferences") or ()
    return next((str(owner.get("uid")) for owner in owners if owner.get("controller")), None)
