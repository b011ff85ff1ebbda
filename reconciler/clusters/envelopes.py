"""The parts of listed and watched objects that are decoded at once; everything else stays bytes until it is needed."""

from __future__ import annotations

import msgspec

Raw = msgspec.Raw
NOTHING = Raw(b"")


class Owner(msgspec.Struct, frozen=True, gc=False):
    """One entry of managedFields; `fieldsV1` stays bytes."""

    manager: str = ""
    operation: str = ""
    subresource: str = ""
    time: str = ""


class Metadata(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Metadata of any object."""

    name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    generation: int = 0
    deletion_timestamp: str | None = None
    annotations: dict[str, str] | None = None
    labels: Raw = NOTHING
    finalizers: Raw = NOTHING
    owner_references: Raw = NOTHING
    managed_fields: Raw = NOTHING


class Head(msgspec.Struct, frozen=True, gc=False):
    """An object of which only the metadata is read."""

    metadata: Metadata


class Event(msgspec.Struct, frozen=True, gc=False):
    """One line of a watch."""

    type: str
    object: Raw


class Fault(msgspec.Struct, frozen=True, gc=False):
    """The object of an ERROR event: a `Status`."""

    code: int = 0
    reason: str = ""
    message: str = ""


class ListMetadata(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """Metadata of a list; `more` names the next page."""

    resource_version: str
    more: str = msgspec.field(default="", name="continue")


class Page(msgspec.Struct, frozen=True, gc=False, rename="camel"):
    """One page of a list. A body without a list's metadata does not decode: it is no list."""

    metadata: ListMetadata
    kind: str
    api_version: str = ""
    items: list[Raw] | None = None


decode_head = msgspec.json.Decoder(Head).decode
decode_event = msgspec.json.Decoder(Event).decode
decode_fault = msgspec.json.Decoder(Fault).decode
decode_page = msgspec.json.Decoder(Page).decode
decode_owners = msgspec.json.Decoder(list[Owner]).decode
decode_labels = msgspec.json.Decoder(dict[str, str]).decode
