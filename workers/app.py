"""The Celery application. Tasks are registered by whoever starts a worker; Flower and beat need none."""

from __future__ import annotations

import ssl
from typing import Any
from urllib.parse import urlsplit

from celery import Celery
from celery.worker.control import Panel
from kombu.entity import Exchange, Queue

from reconciler.models.keys import LANES
from reconciler.settings import Settings
from reconciler.sharding import queue_names

REMOTE_CONTROL = frozenset(
    {"active", "active_queues", "conf", "disable_events", "enable_events", "heartbeat", "hello", "ping", "registered"}
    | {"report", "reserved", "revoked", "scheduled", "stats"}
)
"""What Flower needs to show workers. Commands are not signed, so none that changes or stops a worker is obeyed."""

BROKER_OPTIONS: dict[str, Any] = {
    # Late acknowledgement without a copy in Redis: only what runs dies with a worker, and the redrive brings it back.
    "ack_emulation": False,
    "priority_steps": [0],
    "queue_order_strategy": "workers.order:QueueOrder",
    # Half-open connections are noticed after both: 20 s, where a stock worker hangs for ever.
    "socket_timeout": 10,
    "socket_connect_timeout": 5,
    "socket_keepalive": True,
    "health_check_interval": 10,
}

WORKER_OPTIONS: dict[str, Any] = {
    "worker_pool": "threads",
    "worker_prefetch_multiplier": 1,
    "worker_consumer": "workers.consumer:QuietConsumer",
    "worker_send_task_events": True,
    "worker_hijack_root_logger": False,
    "worker_redirect_stdouts": False,
    "worker_enable_prefetch_count_reduction": False,
    "worker_cancel_long_running_tasks_on_connection_loss": False,
    "worker_detect_quorum_queues": False,
}

TASK_OPTIONS: dict[str, Any] = {
    "task_acks_late": True,
    "task_reject_on_worker_lost": False,
    "task_ignore_result": True,
    "task_store_errors_even_if_ignored": False,
    "task_send_sent_event": False,
    "task_serializer": "json",
    "accept_content": ["json"],
    "result_backend": None,
    "task_create_missing_queues": False,
    "task_default_queue": "person",
}


def celery_app(settings: Settings) -> Celery:
    """The application for one installation; connects to nothing yet."""
    url = settings.redis_url.get_secret_value()
    app = Celery("reconciler", set_as_current=True)
    app.conf.update(
        broker_url=url,
        broker_transport="workers.broker:Transport",
        broker_transport_options={**BROKER_OPTIONS, "global_keyprefix": settings.key_prefix},
        broker_use_ssl={"ssl_cert_reqs": ssl.CERT_REQUIRED} if urlsplit(url).scheme == "rediss" else False,
        broker_connection_retry_on_startup=True,
        broker_connection_max_retries=None,
        worker_concurrency=settings.worker_threads,
        task_queues=queues(settings.shards),
        **WORKER_OPTIONS,
        **TASK_OPTIONS,
    )
    for command in set(Panel.data) - REMOTE_CONTROL:
        del Panel.data[command]
    return app


def queues(shards: int) -> list[Queue]:
    """Every queue, on the nameless exchange: nothing has to be bound, so nothing is missing after a wipe."""
    return [Queue(name, Exchange(""), routing_key=name) for lane in LANES for name in queue_names(lane, shards)]
