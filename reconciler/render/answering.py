"""Answers a child's questions from a file server, within the request's limits."""

from __future__ import annotations

import base64
from collections.abc import Sequence

import msgspec
import orjson

from reconciler.errors import SourceUnavailable
from reconciler.models.manifest import JsonObject
from reconciler.render.protocol import ChildMessage, FileRefused, FileServer, FileTooLarge, RenderRequest
from reconciler.render.supply import Supply

Frames = Sequence[bytes]


class Answering:
    """The parent's side of one request. `outage` is what the file server raised other than a FileRefused.

    `gave_key` means that the child has seen a secret.
    """

    def __init__(self, files: FileServer | Supply, request: RenderRequest) -> None:
        self._supply = files if isinstance(files, Supply) else Supply(files)
        self._limits = request.limits
        self._unwrap = request.unwrap
        self.outage: Exception | None = None
        self.gave_key = False

    def frames(self, question: ChildMessage) -> Frames:
        """The frames that answer one question: a JSON message, and for a read that succeeded the bytes."""
        try:
            return self._answer(question)
        except FileRefused as refusal:
            return [orjson.dumps({"error": fault(refusal)})]
        except Exception as error:  # noqa: BLE001
            # The child ends the request by itself and stays usable; `outage` is raised in its place then.
            self.outage = error
            return [orjson.dumps({"error": {"code": "unavailable", "message": "the files cannot be served now"}})]

    def took_too_long(self, question: ChildMessage) -> None:
        """The request's time ended with this answer, which is no fault of the child's."""
        # The address stays out of it: what follows its `?` may be secret.
        remote = question.remote
        what = f"{remote.kind} {remote.name}" if remote else question.path or next(iter(question.paths), "")
        self.outage = self.outage or SourceUnavailable(
            f"what this source reads ({question.ask} {what.strip()}) took too long to get: no time was left to render"
        )

    def _answer(self, question: ChildMessage) -> Frames:
        match question.ask:
            case "list":
                return self._list(question)
            case "read":
                return self._read(question)
            case "fetch" if question.remote:
                return [msgspec.json.encode(self._supply.fetch(question.remote))]
            case "unwrap":
                return self._key(question)
            case "glob":
                return self._glob(question)
            case _:
                return [orjson.dumps(self._fact(question))]

    def _fact(self, question: ChildMessage) -> JsonObject:
        facts = self._supply.facts
        if question.ask == "kube_version":
            return {"text": facts.kube_version()}
        if question.ask == "has_api":
            return {"yes": facts.has_api(question.name)}
        return {"names": list(facts.api_versions())}

    def _list(self, question: ChildMessage) -> Frames:
        entries = self._supply.at(question.mount).list(question.path)
        self._few(len(entries), question.path)
        return [orjson.dumps({"entries": [{"name": entry.name, "type": entry.type} for entry in entries]})]

    def _key(self, question: ChildMessage) -> Frames:
        key = self._unwrap(question.keys)
        self.gave_key = True
        return [orjson.dumps({"data": base64.b64encode(key).decode()})]

    def _glob(self, question: ChildMessage) -> Frames:
        paths = self._supply.at(question.mount).glob(question.pattern)
        self._few(len(paths), question.pattern)
        return [orjson.dumps({"paths": list(paths)})]

    def _few(self, count: int, path: str) -> None:
        if count > self._limits.entries:
            raise FileTooLarge(f"more than {self._limits.entries} names", path=path)

    def _read(self, question: ChildMessage) -> Frames:
        left, files = question.max_bytes, self._supply.at(question.mount)
        rows: list[JsonObject] = []
        contents: list[bytes] = []
        for path in question.paths:
            content, row = _one(files, path)
            left -= len(content)
            if left < 0:
                limit = question.max_bytes
                raise FileTooLarge(f"the files read are larger than {limit} bytes together", path=path)
            rows.append(row)
            contents.append(content)
        return [orjson.dumps({"files": rows}), b"".join(contents)]


def _one(files: FileServer, path: str) -> tuple[bytes, JsonObject]:
    """A file's bytes and its row; `at` is where it really lies, when links led there."""
    place = files.where(path)
    at = {"at": place} if place != path else {}
    try:
        content = files.read(path)
    except FileTooLarge:
        raise
    except FileRefused as refusal:
        return b"", {"size": 0, "error": fault(refusal), **at}
    return content, {"size": len(content), **at}


def fault(refusal: FileRefused) -> JsonObject:
    """A refusal on the wire."""
    return {"code": refusal.code, "message": str(refusal), "path": refusal.path}
