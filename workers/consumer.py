"""Celery's consumer, but silent about what it refuses: the stock one logs whole bodies."""

from __future__ import annotations

from typing import Any

from celery.worker.consumer import Consumer

from workers.drops import drop


class QuietConsumer(Consumer):
    """Drops and counts what is no task of ours."""

    def on_unknown_message(self, _body: Any, message: Any) -> None:
        _refuse("envelope", message)

    def on_unknown_task(self, _body: Any, message: Any, _error: BaseException) -> None:
        _refuse("unknown-task", message)

    def on_invalid_task(self, _body: Any, message: Any, _error: BaseException) -> None:
        _refuse("invalid-task", message)

    def on_decode_error(self, message: Any, _error: BaseException) -> None:
        _refuse("decode", message)


def _refuse(why: str, message: Any) -> None:
    drop(why, str((message.delivery_info or {}).get("routing_key", "")))
    message.ack()
