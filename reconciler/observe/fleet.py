"""The Applications of the control cluster, as the observer knows them: who owns what, and who needs a pass."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from reconciler.clusters.envelopes import Raw
from reconciler.errors import SpecError
from reconciler.models.keys import CONTROL, IN_CLUSTER, AppKey, ClusterUrl, EntryKey, GroupKind, Lane
from reconciler.models.words import IN_CLUSTER_NAME
from reconciler.observe.facts import AppFacts, Digester, asked, facts_of
from reconciler.observe.seen import Seen
from reconciler.observe.sets import SetFacts, request_of
from reconciler.sources.urls import parse_any
from reconciler.store.due import Request

SPREAD_S = 0.005
"""Between the requests of many applications that one change concerns: they are looked at, but not at once."""


@dataclass(slots=True)
class Fleet:
    """Reads Applications, and answers for the other mirrors whose they are. `known` is that of its mirror.

    `names` maps cluster names to addresses; `changed_hook` hears that destinations or kinds may have changed.
    """

    digest: Digester
    namespace: str
    changed_hook: Callable[[], None]
    known: Callable[[], Mapping[str, AppFacts]] = dict
    names: dict[str, ClusterUrl] = field(default_factory=dict)
    definers: dict[tuple[ClusterUrl, str], str] = field(default_factory=dict)
    sets: Callable[[], Mapping[str, SetFacts]] = dict

    # What the mirror asks.

    def read(self, raw: Raw, before: AppFacts | None) -> AppFacts:
        del before
        return facts_of(raw, self.digest)

    def row(self, thing: AppFacts) -> Seen:
        return Seen(thing.uid, thing.version, digest=thing.content, terminating=thing.deleting)

    def keeps(self, thing: AppFacts) -> bool:
        del thing
        return True

    def demands(self, before: AppFacts | None, after: AppFacts | None, raw: Raw | None) -> Iterator[Request]:
        del raw
        yield from _set_of(before, after)
        if after is None:
            if before is not None:
                # Its pass will find it gone, and clears away what is remembered of it.
                yield self.request(before, "push")
            return
        lane = asked(before, after)
        if lane is not None:
            yield self.request(after, lane)
        if before is None or before.repos != after.repos:
            yield from _refreshes(after.repos)

    def late(self, name: str, stored: Seen | None, after: AppFacts | None) -> Iterator[Request]:
        if after is None:
            if stored is not None:
                yield Request(EntryKey("app", name), stored.uid, "push")
            return
        if after.asks:
            yield self.request(after, "person")
        elif stored is None or (stored.uid, stored.digest) != (after.uid, after.content):
            yield self.request(after, "push")
        yield from _refreshes(after.repos)

    def changed(self) -> None:
        self.changed_hook()

    # What the others ask.

    def request(self, app: AppFacts, lane: Lane, delay_s: float = 0.0) -> Request:
        """The request for a pass of one Application."""
        return Request(EntryKey.app(app.key), app.uid, lane, self.cluster_of(app), delay_s)

    def cluster_of(self, app: AppFacts) -> ClusterUrl:
        """Its destination; a name that nobody bears stands for itself, so that it takes nobody's credit."""
        if app.server or not app.cluster_name:
            return ClusterUrl(app.server)
        known = self.names.get(app.cluster_name)
        fallback = IN_CLUSTER if app.cluster_name == IN_CLUSTER_NAME else ClusterUrl(f"name:{app.cluster_name}")
        return known or fallback

    def owner(self, instance: str) -> AppFacts | None:
        """The Application by its name inside tracking ids."""
        namespace, underscore, name = instance.partition("_")
        key = AppKey(namespace, name) if underscore else AppKey(self.namespace, instance)
        return self.known().get(str(key))

    def definer(self, cluster: ClusterUrl, definition: str) -> str:
        """The instance that has a CustomResourceDefinition in its inventory; empty for nobody."""
        return self.definers.get((cluster, definition), "")

    def kinds_by_cluster(self) -> Mapping[ClusterUrl, frozenset[GroupKind]]:
        """Where objects of ours may be, by what the Applications' status says."""
        kinds: dict[ClusterUrl, set[GroupKind]] = defaultdict(set)
        definers: dict[tuple[ClusterUrl, str], str] = {}
        for app in self.known().values():
            cluster = self.cluster_of(app)
            kinds[cluster].update(app.kinds)
            definers |= {(cluster, name): app.key.instance(self.namespace) for name in app.definitions}
        self.definers = definers
        return {cluster: frozenset(found) for cluster, found in kinds.items()}

    def many(self, chosen: Callable[[AppFacts], bool], lane: Lane = "push") -> Iterator[Request]:
        """Requests for all Applications that are chosen, a little apart."""
        found = (app for app in list(self.known().values()) if chosen(app))
        for place, app in enumerate(found):
            yield self.request(app, lane, place * SPREAD_S)

    def all_sets(self) -> Iterator[Request]:
        """Requests for all ApplicationSets: their generators may depend on anything around them."""
        for place, one in enumerate(list(self.sets().values())):
            yield request_of(one, "push", place * SPREAD_S)


def _set_of(before: AppFacts | None, after: AppFacts | None) -> Iterator[Request]:
    """The set of an Application that somebody edited or deleted, or whose verdict is another one: it shows that."""
    one = after or before
    if one is None or not one.owner_set or before is None:
        return
    if after is None or (before.content, before.verdict) != (after.content, after.verdict):
        yield Request(EntryKey.appset(AppKey(one.key.namespace, one.owner_set)), "", "push", CONTROL)


def _refreshes(repos: Iterable[str]) -> Iterator[Request]:
    for url in repos:
        request = refresh_of(url)
        if request is not None:
            yield request


@lru_cache(maxsize=8192)
def refresh_of(url: str) -> Request | None:
    """The request for a look at a repository; None for an address that may not be used."""
    try:
        address = parse_any(url)
        return Request(EntryKey("repo", address.url), lane="timer", place=address.host)
    except SpecError:
        return None
