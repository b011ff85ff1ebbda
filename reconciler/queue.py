"""Messages: "look at this entry". Identity only, with an expiry and one MAC over everything that matters.

A message carries no option, no manifest and no credential, and a worker believes none of it beyond the entry's name:
it re-reads the rest. Lost, doubled, late or forged, it cannot do more than make somebody look.
"""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import orjson

from reconciler.errors import ReconcilerError
from reconciler.models.keys import LANES, EntryKey, EntryKind, Lane
from reconciler.sharding import queue_of
from reconciler.store.due import DueSet, Issued
from reconciler.store.queues import Queues
from reconciler.store.sealing import Keyring

TASKS: Mapping[EntryKind, str] = {
    "app": "reconcile_application",
    "repo": "refresh_source",
    "appset": "expand_applicationset",
    "block": "verify_block",
}
QUIET = ".timer"
"""Suffix of each task's second name: timer passes send no events, or Flower would cost as much as the workers."""

NAMES = frozenset(name + suffix for name in TASKS.values() for suffix in ("", QUIET))

LIFE_PER_REDRIVE = 10
"""A message may wait this many redrives in a queue; by then its entry was issued again long ago."""

DRAIN_LIMIT = 500
CONTENT_TYPE = "application/json"


class Forged(ReconcilerError):
    """A message that nobody of ours sent like this: drop it, count it, do not log its body. `why` is one word."""

    def __init__(self, why: str) -> None:
        super().__init__(f"message dropped: {why}")
        self.why = why


def task_name(kind: EntryKind, lane: Lane) -> str:
    """The task for one entry in one lane."""
    return TASKS[kind] + (QUIET if lane == "timer" else "")


class Message(msgspec.Struct, frozen=True):
    """The one argument of every task. `expires` is a Unix second."""

    entry: str
    uid: str
    lane: Lane
    expires: int
    mac: str = ""

    def parts(self, task: str, queue: str) -> tuple[str, ...]:
        """Everything that the MAC covers; task and queue travel outside the message and are covered all the same."""
        return (task, queue, self.entry, self.uid, self.lane, str(self.expires))


def sign(issued: Issued, queue: str, keyring: Keyring, *, expires: int) -> Message:
    """The message for an entry that was issued."""
    bare = Message(str(issued.entry), issued.uid, issued.lane, expires)
    task = task_name(issued.entry.kind, issued.lane)
    return msgspec.structs.replace(bare, mac=keyring.mac(bare.parts(task, queue), "message"))


def verify(body: Any, task: str, queue: str, keyring: Keyring, *, now: float) -> tuple[EntryKey, Message]:
    """The entry that a message names. `task` and `queue` are those it came by. Raises Forged."""
    try:
        message = msgspec.convert(body, Message, strict=True)
        entry = EntryKey.parse(message.entry)
    except (msgspec.ValidationError, ValueError):
        raise Forged("malformed") from None
    if not keyring.is_mac(message.mac, message.parts(task, queue), "message"):
        raise Forged("mac")
    if now >= message.expires:
        raise Forged("expired")
    if task != task_name(entry.kind, message.lane):
        raise Forged("task")
    return entry, message


class _Carried(msgspec.Struct, frozen=True):
    """The headers that are let in; anything else that Celery would obey is left outside."""

    task: str
    id: str
    argsrepr: str = ""


class _Arrived(msgspec.Struct, frozen=True, rename="kebab"):
    """A Celery message as it comes out of a list."""

    body: str
    content_type: str
    headers: _Carried


def is_ours(queue: str) -> bool:
    """Whether this is a queue of the due set; Celery has others, for remote control."""
    return queue.partition(".")[0] in LANES


def admitted(raw: Any, queue: str) -> dict[str, Any]:
    """A message of our shape, rebuilt from what may be in it. Raises Forged.

    Expiry, callbacks, reply addresses and time limits of Celery travel unsigned, so none of them gets through.
    """
    try:
        arrived = msgspec.convert(raw, _Arrived)
        arguments, keywords, embedded = orjson.loads(arrived.body)
    except (msgspec.ValidationError, ValueError, TypeError):
        raise Forged("envelope") from None
    if arrived.content_type != CONTENT_TYPE or len(arguments) != 1 or keywords or embedded:
        raise Forged("envelope")
    if arrived.headers.task not in NAMES:
        # Celery has tasks of its own, such as `celery.map`, which would run without a signature.
        raise Forged("unknown-task")
    return _celery_message(arrived.body, arrived.headers, queue)


def envelope(message: Message, task: str, queue: str) -> bytes:
    """A Celery message (protocol 2) as kombu's Redis transport expects it in a list.

    Written by hand because assembling one with Celery costs forty times as much.
    """
    shown = f"('{message.entry}', '{message.lane}')"
    body = orjson.dumps([[msgspec.to_builtins(message)], {}, None]).decode()
    return orjson.dumps(_celery_message(body, _Carried(task, secrets.token_hex(16), shown), queue))


def _celery_message(body: str, carried: _Carried, queue: str) -> dict[str, Any]:
    headers = {
        "lang": "py",
        "task": carried.task,
        "id": carried.id,
        "root_id": carried.id,
        "argsrepr": carried.argsrepr,
        "kwargsrepr": "{}",
    }
    properties = {
        "correlation_id": carried.id,
        "delivery_mode": 1,
        "delivery_info": {"exchange": "", "routing_key": queue},
        "delivery_tag": carried.id,
    }
    return {
        "body": body,
        "content-encoding": "utf-8",
        "content-type": CONTENT_TYPE,
        "headers": headers,
        "properties": properties,
    }


@dataclass(frozen=True, slots=True)
class Dispatcher:
    """Turns what is due into messages. Any number may run: the drain is atomic. `clock` gives Unix seconds."""

    due: DueSet
    queues: Queues
    keyring: Keyring
    clock: Callable[[], float]
    hot: tuple[str, ...] = ()

    def dispatch(self) -> int:
        """Sends one message for each entry that is due within credit; how many. Raises StoreUnavailable."""
        sent = 0
        while issued := self.due.drain(DRAIN_LIMIT):
            self.queues.push(self._messages(issued))
            sent += len(issued)
            if len(issued) < DRAIN_LIMIT:
                break
        return sent

    def _messages(self, batch: Sequence[Issued]) -> Mapping[str, Sequence[bytes]]:
        limits = self.due.limits
        expires = int(self.clock() + LIFE_PER_REDRIVE * limits.redrive_s)
        messages: dict[str, list[bytes]] = defaultdict(list)
        for issued in batch:
            queue = queue_of(issued.lane, issued.place, issued.entry, shards=limits.shards, hot=self.hot)
            task = task_name(issued.entry.kind, issued.lane)
            messages[queue].append(envelope(sign(issued, queue, self.keyring, expires=expires), task, queue))
        return messages
