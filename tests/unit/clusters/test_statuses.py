"""Which error each answer of an API server becomes. The bodies are those of a real server, version 1.36."""

from __future__ import annotations

import json

import pytest

from reconciler.clusters.statuses import error_of
from reconciler.errors import ClusterUnavailable, ObjectConflict, ObjectGone, ObjectRejected


def a_status(message: str = "", **details: object) -> bytes:
    return json.dumps({"kind": "Status", "message": message, "details": details}).encode()


@pytest.mark.parametrize(
    ("code", "body", "expected"),
    [
        (404, a_status('pods "x" not found', name="x", kind="pods"), ObjectGone),
        (404, b"404 page not found\n", ObjectRejected),
        (404, a_status("the server could not find the requested resource"), ObjectRejected),
        (409, a_status("the object has been modified", name="x"), ObjectConflict),
        (422, a_status("the server rejected our request due to an error in our request"), ObjectConflict),
        (422, a_status("is invalid", name="x", causes=[{"field": "spec"}]), ObjectRejected),
        (403, a_status("is forbidden", name="x"), ObjectRejected),
        (500, a_status("failed to create typed patch object (/a; /v1, Kind=ConfigMap): .foo"), ObjectRejected),
        (500, a_status("etcdserver: request timed out"), ClusterUnavailable),
        (503, b"<html>bad gateway</html>", ClusterUnavailable),
        (429, b"", ClusterUnavailable),
        (401, a_status("Unauthorized"), ClusterUnavailable),
        (410, a_status("expired"), ClusterUnavailable),
    ],
)
def test_each_answer_says_what_the_caller_does_next(code: int, body: bytes, expected: type[Exception]) -> None:
    assert type(error_of(code, body, subject="GET /x")) is expected


def test_the_server_s_own_word_on_waiting_is_passed_on_within_reason() -> None:
    in_header = error_of(429, b"", subject="GET /x", retry_after="7")
    in_status = error_of(503, a_status(retryAfterSeconds=9), subject="GET /x")
    absurd = error_of(429, b"", subject="GET /x", retry_after="99999999")
    waits = [error.retry_after_s for error in (in_header, in_status, absurd) if isinstance(error, ClusterUnavailable)]
    assert waits == [7.0, 9.0, 300.0]


def test_a_refused_secret_is_described_by_fields_and_never_by_values() -> None:
    cause = {"field": "data[password]", "reason": "FieldValueInvalid", "message": 'Invalid value: "hunter2"'}
    body = a_status('Secret "a" is invalid: "hunter2"', name="a", kind="Secret", causes=[cause])
    message = str(error_of(422, body, subject="PATCH /x"))
    assert "data[password]: FieldValueInvalid" in message
    assert "hunter2" not in message
