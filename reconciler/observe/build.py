"""An observer from settings."""

from __future__ import annotations

from reconciler.clusters.catalog import Catalog
from reconciler.clusters.connections import Timeouts
from reconciler.clusters.registry import Clusters, Link, control_cluster
from reconciler.observe.observer import Observer, Parts
from reconciler.settings import Settings
from reconciler.store.client import connect, require_noeviction
from reconciler.store.due import DueSet, Limits
from reconciler.store.heartbeat import Heartbeat
from reconciler.store.keys import Keys
from reconciler.store.members import Members
from reconciler.store.sealing import Keyring
from reconciler.store.summaries import Summaries

ROLE = "observer"


def build_observer(settings: Settings) -> Observer:
    """Everything that watches, and nothing that renders or writes. Call it on the event loop that will run it.

    Raises ConfigurationError; StoreUnavailable when Redis does not answer.
    """
    return Observer(_parts(settings))


def _parts(settings: Settings) -> Parts:
    keyring = Keyring.parse(settings.root_key.get_secret_value())
    client, keys = connect(settings.redis_url.get_secret_value()), Keys.of(settings)
    require_noeviction(client)
    timeouts = Timeouts(connect_s=settings.connect_timeout_s, request_s=settings.request_timeout_s)
    link = Link(timeouts, connections=2)
    control = control_cluster(settings, link)
    heartbeat = Heartbeat(client, keys, settings.heartbeat_ttl_s)
    return Parts(
        control=control,
        clusters=Clusters(control, Catalog(control, settings.namespace), link),
        due=DueSet(client, keys, heartbeat, Limits.of(settings)),
        summaries=Summaries(client, keys, keyring),
        members=Members(client, keys, ROLE, settings.heartbeat_ttl_s),
        digest=keyring.digest,
        namespace=settings.namespace,
        manager=settings.field_manager,
        timeouts=timeouts,
    )
