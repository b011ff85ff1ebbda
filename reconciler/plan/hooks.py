"""Hooks: which objects are, when they run, what they are called, when they go. Argo CD's rules, and Helm's names."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from hashlib import blake2b
from typing import Final

from reconciler.models import words
from reconciler.models.keys import ObjectKey
from reconciler.models.manifest import JsonObject, LiveObject, Manifest
from reconciler.models.result import SyncPhase
from reconciler.plan.times import instant_of

CRD_INSTALL: Final = "crd-install"
OF_HELM: Final[Mapping[str, str]] = {
    "pre-install": "PreSync",
    "pre-upgrade": "PreSync",
    "post-install": "PostSync",
    "post-upgrade": "PostSync",
    "pre-delete": "PreDelete",
    "post-delete": "PostDelete",
}
"""Helm's hooks → ours; tests and rollbacks have no counterpart. Argo CD: installing and upgrading are the same."""

POLICIES: Final = (words.HOOK_SUCCEEDED, words.HOOK_FAILED, words.BEFORE_HOOK_CREATION)
POLICIES_OF_HELM: Final[Mapping[str, str]] = {
    "hook-succeeded": words.HOOK_SUCCEEDED,
    "hook-failed": words.HOOK_FAILED,
    "before-hook-creation": words.BEFORE_HOOK_CREATION,
}
LONGEST_SHA: Final = 7


def hook_types(manifest: Manifest) -> tuple[str, ...]:
    """Argo CD: one valid word of its own annotation, and Helm's is not looked at; unknown words say nothing."""
    own = tuple(word for word in _words(manifest, words.HOOK) if word in words.HOOK_TYPES)
    return own or tuple(OF_HELM[word] for word in _words(manifest, words.HELM_HOOK) if word in OF_HELM)


def is_skipped(manifest: Manifest) -> bool:
    """Argo CD: `Skip` acts only as the sole value; the object is then neither applied, pruned nor compared."""
    return hook_types(manifest) == ("Skip",)


def is_hook(manifest: Manifest) -> bool:
    """Argo CD: hooks, also Helm's, have no part in sync status, health or pruning; Helm's crd-install is no hook.

    True also for what only asks to be skipped, and for hooks of no known type: those are left alone.
    """
    marks = manifest.annotations
    return bool(marks.get(words.HOOK)) or marks.get(words.HELM_HOOK, "") not in ("", CRD_INSTALL)


def sync_phases(manifest: Manifest) -> tuple[SyncPhase, ...]:
    """The phases of a sync in which a hook runs, in their order; one task each."""
    types = hook_types(manifest)
    return () if types == ("Skip",) else tuple(phase for phase in words.SYNC_PHASES if phase in types)


def delete_policies(manifest: Manifest) -> frozenset[str]:
    """When a hook is deleted; Argo CD: BeforeHookCreation where nothing valid is said."""
    own = {word for word in _words(manifest, words.HOOK_DELETE_POLICY) if word in POLICIES}
    helm = (POLICIES_OF_HELM.get(word) for word in _words(manifest, words.HELM_HOOK_DELETE_POLICY))
    return frozenset(own | {word for word in helm if word}) or frozenset({words.BEFORE_HOOK_CREATION})


def split(manifests: Iterable[Manifest]) -> tuple[tuple[Manifest, ...], tuple[Manifest, ...]]:
    """Objects that are compared and applied, then hooks and what asks to be skipped."""
    every = tuple(manifests)
    return tuple(item for item in every if not is_hook(item)), tuple(item for item in every if is_hook(item))


def attempt_id(uid: str, state: JsonObject) -> str:
    """Names one attempt of one operation of the Application `uid`."""
    facts = (uid, str(state.get("startedAt", "")), str(state.get("retryCount") or 0))
    return blake2b("\0".join(facts).encode(), digest_size=8).hexdigest()


def named(manifest: Manifest, phase: str, revision: str, state: JsonObject) -> Manifest:
    """The hook under its name: where that is generated, it is the same throughout an operation.

    Argo CD: generateName, then the short revision, the phase and the second of the operation's start.
    """
    if manifest.key.name:
        return manifest
    started = instant_of(str(state.get("startedAt") or ""))
    second = int(started.timestamp()) if started else 0
    ending = f"{revision[:LONGEST_SHA]}-{phase}-{second}".lower()
    metadata = {key: value for key, value in manifest.metadata.items() if key != "generateName"}
    name = f"{manifest.metadata.get('generateName', '')}{ending}"
    return Manifest({**manifest.body, "metadata": {**metadata, "name": name}})


def claimed(manifest: Manifest, attempt: str, phase: str) -> Manifest:
    """The hook as it is created: stamped with its attempt, and with a finalizer, so that nothing erases its result."""
    finalizers = [*(manifest.metadata.get("finalizers") or ()), words.HOOK_FINALIZER]
    annotations = {**manifest.annotations, words.OPERATION: _stamp(attempt, phase)}
    metadata = {**manifest.metadata, "annotations": annotations, "finalizers": list(dict.fromkeys(finalizers))}
    return Manifest({**manifest.body, "metadata": metadata})


def is_of(live: LiveObject, attempt: str, phase: str = "") -> bool:
    """Whether a live hook was created by this attempt, and for this phase where one is given."""
    stamp = live.annotations.get(words.OPERATION, "")
    return stamp == _stamp(attempt, phase) if phase else stamp.startswith(f"{attempt}/")


def is_held(live: LiveObject) -> bool:
    """Whether the finalizer is still there: then the result of the hook has not been recorded."""
    return words.HOOK_FINALIZER in (live.metadata.get("finalizers") or ())


def recorded_hooks(state: JsonObject) -> Iterator[ObjectKey]:
    """Hooks of which the operation has a result."""
    for entry in (state.get("syncResult") or {}).get("resources") or ():
        if entry.get("hookType"):
            yield ObjectKey(entry.get("group", ""), entry["kind"], entry.get("namespace", ""), entry["name"])


def _stamp(attempt: str, phase: str) -> str:
    return f"{attempt}/{phase}"


def _words(manifest: Manifest, annotation: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in manifest.annotations.get(annotation, "").split(","))
