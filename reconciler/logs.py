"""Logs: JSON lines for machines, plain lines for a terminal; credentials in addresses are cut out of both."""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any

import structlog

_CREDENTIALS = re.compile(r"(?<=://)[^/@\s]+@")
_HIDDEN = "***@"


def configure_logging(level: str, *, as_json: bool) -> None:
    """Sends everything to stderr. Other libraries' lines pass through the same filter. Call once, at the start."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
        without_credentials,
    ]
    renderer: Any = structlog.processors.JSONRenderer() if as_json else structlog.dev.ConsoleRenderer(colors=False)
    number = logging.getLevelNamesMapping().get(level.upper(), logging.INFO)
    structlog.configure(
        processors=[*shared, renderer],
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
        cache_logger_on_first_use=True,
    )
    formatter = structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=shared, processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, renderer]
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter)
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(max(number, logging.WARNING))


def without_credentials(_: object, __: str, event: MutableMapping[str, Any]) -> Mapping[str, Any]:
    """Cuts `user:password@` out of every address in every field."""
    return {key: _CREDENTIALS.sub(_HIDDEN, value) if isinstance(value, str) else value for key, value in event.items()}
