"""Reads a request's body within bounds of size and time: whoever sends may be anybody."""

from __future__ import annotations

import asyncio

from starlette.requests import ClientDisconnect, Request

BODY_DEADLINE_S = 10.0


class BodyRefused(Exception):
    """The body is too large, too slow or cut short; `status` is the HTTP answer."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


async def bounded_body(request: Request, limit_bytes: int) -> bytes:
    """The whole body. Raises BodyRefused: 413 before more than `limit_bytes` are kept, 408 when it comes too slowly."""
    announced = request.headers.get("content-length", "")
    if announced.isdigit() and int(announced) > limit_bytes:
        raise BodyRefused(f"the payload exceeds {limit_bytes} bytes", 413)
    if request.headers.get("content-encoding", "identity") != "identity":
        raise BodyRefused("compressed payloads are not accepted", 415)
    try:
        async with asyncio.timeout(BODY_DEADLINE_S):
            return await _read(request, limit_bytes)
    except TimeoutError:
        raise BodyRefused(f"the payload did not arrive within {BODY_DEADLINE_S:g} s", 408) from None
    except ClientDisconnect:
        raise BodyRefused("the connection was closed in the middle of the payload", 400) from None


async def _read(request: Request, limit_bytes: int) -> bytes:
    parts: list[bytes] = []
    size = 0
    async for part in request.stream():
        size += len(part)
        if size > limit_bytes:
            raise BodyRefused(f"the payload exceeds {limit_bytes} bytes", 413)
        parts.append(part)
    return b"".join(parts)
