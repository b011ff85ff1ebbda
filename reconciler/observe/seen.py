"""What an observer remembers of one live object, and whether a change of it is a reason to look. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from sys import intern

import msgspec
import orjson

from reconciler.clusters.envelopes import Metadata, Raw, decode_head, decode_labels, decode_owners
from reconciler.clusters.projection import projection
from reconciler.models import words
from reconciler.models.keys import Digest, GroupKind
from reconciler.models.manifest import JsonObject
from reconciler.models.tracking import BY_ANNOTATION, Tracking
from reconciler.observe.facts import Digester
from reconciler.observe.outlook import USUAL, Outlook
from reconciler.plan.health import SCRIPTED, assess, is_going
from reconciler.plan.tracking import parse_tracking_id

UNTRACKED = ""
UNKNOWN = Digest("")


class Seen(msgspec.Struct, frozen=True, gc=False):
    """One live object. Of those that belong to no application only uid and versions are known."""

    uid: str
    version: str
    generation: int = 0
    owner: str = UNTRACKED
    """Instance in the tracking mark; empty where the object carries none that names itself."""

    digest: Digest = UNKNOWN
    """Keyed digest of the fields that are ours."""

    health: str = ""
    message: str = ""
    terminating: bool = False
    gate: int = 0
    """Of what has to change before `digest` can."""


@dataclass(frozen=True, slots=True)
class Lens:
    """How the objects of one kind are looked at. `api_version` is that of the collection."""

    kind: GroupKind
    api_version: str
    manager: str
    digest: Digester
    outlook: Callable[[], Outlook] = lambda: USUAL
    """What the settings say at this moment."""

    unmarked: Callable[[str], str] = lambda _name: UNTRACKED
    """Owners by name, for a kind whose objects never carry marks."""

    def see(self, raw: Raw, before: Seen | None = None) -> Seen:
        """Reads one object. With `before`, its digest is made anew only if something else than a status changed."""
        metadata = decode_head(raw).metadata
        outlook = self.outlook()
        owner = owner_of(metadata, self.kind, outlook.tracking) or self.unmarked(metadata.name)
        if not owner:
            return Seen(metadata.uid, metadata.resource_version, metadata.generation)
        body = self._body(raw)
        gate = _gate(metadata)
        same = before is not None and metadata.generation > 0 and before.gate == gate and before.uid == metadata.uid
        health, message = self._health(body, outlook)
        return Seen(
            uid=metadata.uid,
            version=metadata.resource_version,
            generation=metadata.generation,
            owner=owner,
            digest=before.digest if same and before else self.digest(projection(body, self.manager)),
            health=health,
            message=message,
            terminating=metadata.deletion_timestamp is not None,
            gate=gate,
        )

    def _health(self, body: JsonObject, outlook: Outlook) -> tuple[str, str]:
        """Status and message. No script runs here: whoever can is woken when what a script reads has changed."""
        if outlook.is_scripted(self.kind) and not is_going(body):
            read = {name: value for name, value in body.items() if name != "metadata"}
            return SCRIPTED + self.digest(orjson.dumps(read, option=orjson.OPT_SORT_KEYS)), ""
        health = assess(body)
        return (intern(health.status), health.message) if health else ("", "")

    def _body(self, raw: Raw) -> JsonObject:
        # Items of lists come without these two, and events with them.
        return {"apiVersion": self.api_version, "kind": self.kind.kind, **orjson.loads(memoryview(raw))}


def owner_of(metadata: Metadata, kind: GroupKind, tracking: Tracking = BY_ANNOTATION) -> str:
    """The instance whose mark an object carries; empty for none, for a copied mark, and for another object's child."""
    if bytes(metadata.owner_references) not in (b"", b"null", b"[]"):
        return UNTRACKED
    if tracking.by_label:
        labels = bytes(metadata.labels)
        return intern((decode_labels(labels) if labels else {}).get(tracking.label_key, UNTRACKED))
    annotations = metadata.annotations or {}
    text = annotations.get(words.TRACKING_ID)
    mark = parse_tracking_id(text) if text else None
    if mark is None or (tracking.installation and annotations.get(words.INSTALLATION_ID) != tracking.installation):
        return UNTRACKED
    named = (mark.group, mark.kind, mark.name) == (kind.group, kind.kind, metadata.name)
    return intern(mark.instance) if named and metadata.namespace in ("", mark.namespace) else UNTRACKED


def touched(before: Seen | None, after: Seen | None, *, by_us: bool) -> frozenset[str]:
    """Instances that have to look, because an object of theirs came, went, or changed in a way that matters.

    `by_us`: the change is the very one that our own apply made, and the pass that made it knows of it.
    """
    owners = frozenset(seen.owner for seen in (before, after) if seen is not None and seen.owner)
    if before is None or after is None or (before.uid, before.owner) != (after.uid, after.owner):
        return frozenset() if by_us and after is not None and _takes_over(before, after) else owners
    moved = (before.digest, before.health) != (after.digest, after.health)
    return owners if (moved and not by_us) or before.terminating != after.terminating else frozenset()


def edited(before: Seen | None, after: Seen | None) -> bool:
    """Whether more than a status was written, to whatever field, and by whomever."""
    if before is None or after is None or before.version == after.version:
        return False
    return before.gate != after.gate or after.generation == 0


def is_by_us(raw: Raw, manager: str) -> bool:
    """Whether our own write is the newest one. A tie within the same second is somebody else's.

    Ours are applies; of hooks, which are created and let go and not applied, every write under our name.
    """
    metadata = decode_head(raw).metadata
    owners = bytes(metadata.managed_fields)
    if not owners:
        return False
    is_hook = words.OPERATION in (metadata.annotations or {})
    entries = decode_owners(owners)
    ours = [entry.manager == manager and (is_hook or entry.operation == "Apply") for entry in entries]
    own = [entry.time for entry, mine in zip(entries, ours, strict=True) if mine]
    others = [entry.time for entry, mine in zip(entries, ours, strict=True) if not mine]
    return bool(own) and (not others or max(own) > max(others))


def _takes_over(before: Seen | None, after: Seen) -> bool:
    """Created by us, or nobody's until now: no other application has lost anything."""
    return before is None or before.owner in (UNTRACKED, after.owner)


def _gate(metadata: Metadata) -> int:
    annotations = msgspec.json.encode(metadata.annotations)
    owners = decode_owners(bytes(metadata.managed_fields) or b"[]")
    writes = [(entry.manager, entry.operation, entry.time) for entry in owners if entry.subresource != "status"]
    return hash((metadata.generation, annotations, bytes(metadata.labels), tuple(writes)))
