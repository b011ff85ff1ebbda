"""Our objects on the control cluster: Applications, projects, cluster and repository Secrets, settings."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import structlog

from reconciler.clusters import paths
from reconciler.clusters.cluster import Cluster
from reconciler.clusters.listing import Selector, objects_at
from reconciler.errors import ObjectGone, SpecError
from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.applicationset import ApplicationSet
from reconciler.models.keys import AppKey, GroupKind
from reconciler.models.manifest import JsonObject, LiveObject
from reconciler.models.observed import ServedKind
from reconciler.models.project import AppProject
from reconciler.models.secrets import ClusterSecret, RepositorySecret, decoded_data

REMEMBER_S = 5.0
TOLD_S = 600.0
"""As long as observers would tell of a change, it is read again this often only."""

SETTINGS, SECRETS, PARAMS = "argocd-cm", "argocd-secret", "argocd-cmd-params-cm"
TLS_CERTS, SSH_HOSTS = "argocd-tls-certs-cm", "argocd-ssh-known-hosts-cm"
WEBHOOK_PREFIX = "webhook."

# Fixed here, so that reading our own objects needs no discovery.
_KINDS: Mapping[GroupKind, ServedKind] = {
    GroupKind(words.GROUP, "Application"): ServedKind((words.VERSION,), "applications", True, frozenset()),
    GroupKind(words.GROUP, "AppProject"): ServedKind((words.VERSION,), "appprojects", True, frozenset()),
    GroupKind(words.GROUP, "ApplicationSet"): ServedKind((words.VERSION,), "applicationsets", True, frozenset()),
    GroupKind("", "Secret"): ServedKind(("v1",), "secrets", True, frozenset()),
    GroupKind("", "ConfigMap"): ServedKind(("v1",), "configmaps", True, frozenset()),
}
APPLICATION, PROJECT, APPLICATION_SET, SECRET, CONFIG_MAP = _KINDS

log = structlog.get_logger(__name__)
Parsed = TypeVar("Parsed")
Value = TypeVar("Value")


@dataclass(frozen=True, slots=True)
class Secrets(Generic[Parsed]):
    """All Secrets of a type. `broken`, by name, could not be read: while there are any, nothing is known to be gone."""

    parsed: Sequence[Parsed]
    broken: Mapping[str, SpecError]


class Catalog:
    """Reads our objects. Projects, Secrets and settings are remembered for a few seconds. Thread-safe.

    Every method raises what `Cluster` raises.
    """

    def __init__(self, control: Cluster, namespace: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._control = control
        self._namespace = namespace
        self._projects = _Memory[AppProject](clock)
        self._clusters = _Memory[Secrets[ClusterSecret]](clock)
        self._repositories = _Memory[Secrets[RepositorySecret]](clock)
        self._texts = _Memory[Mapping[str, str]](clock)
        self._unwatched = _Memory[Mapping[str, str]](clock)
        self._named = _Memory[Mapping[str, str] | None](clock)
        self._word = ""

    def application(self, key: AppKey) -> Application:
        """One Application, read now. Raises ObjectGone (404), SpecError."""
        return Application.parse(self._get(APPLICATION, key.namespace, key.name))

    def applications(self, *, select: Selector | None = None) -> Iterator[Application]:
        """All Applications of the control namespace, read now. One that cannot be read is logged and left out."""
        for live in self._list(APPLICATION, select or Selector()):
            try:
                yield Application.parse(live.body)
            except SpecError as error:
                log.warning("application left out", application=live.key.name, reason=str(error))

    def application_set(self, key: AppKey) -> ApplicationSet:
        """One ApplicationSet, read now. Raises ObjectGone (404), SpecError."""
        return ApplicationSet.parse(self._get(APPLICATION_SET, key.namespace, key.name))

    def application_sets(self) -> Iterator[LiveObject]:
        """All ApplicationSets of the control namespace, read now."""
        return self._list(APPLICATION_SET, Selector())

    def live_applications(self) -> Iterator[LiveObject]:
        """All Applications of the control namespace as they are stored, those that do not read included, read now."""
        return self._list(APPLICATION, Selector())

    def config_map(self, name: str) -> Mapping[str, str] | None:
        """A ConfigMap's data, read now; None where there is none."""
        found = self._optional(CONFIG_MAP, name)
        return (found.body.get("data") or {}) if found.uid else None

    def project(self, name: str) -> AppProject:
        """One AppProject. Raises ObjectGone, SpecError."""
        return self._projects.get(name, lambda: AppProject.parse(self._get(PROJECT, self._namespace, name)))

    def clusters(self) -> Secrets[ClusterSecret]:
        """The cluster Secrets."""
        return self._clusters.get("", lambda: self._secrets(ClusterSecret.parse, "cluster"))

    def repositories(self) -> Secrets[RepositorySecret]:
        """Repository Secrets and credential templates."""
        return self._repositories.get("", lambda: self._secrets(RepositorySecret.parse, "repository", "repo-creds"))

    def settings_cm(self) -> Mapping[str, str]:
        """Argo CD's settings: `data` of argocd-cm where it is labelled as a part of argocd, else nothing."""
        return self._texts.get(SETTINGS, lambda: self._labelled(SETTINGS))

    def command_params(self) -> Mapping[str, str]:
        """Settings of Argo CD's processes: `data` of argocd-cmd-params-cm, under the same condition."""
        return self._texts.get(PARAMS, lambda: self._labelled(PARAMS))

    def trusted_hosts(self) -> Mapping[str, str]:
        """PEM bundles by host name, as `argocd-tls-certs-cm` has them."""
        return self._texts.get(TLS_CERTS, lambda: self._labelled(TLS_CERTS))

    def ssh_known_hosts(self) -> str:
        """The text of `argocd-ssh-known-hosts-cm`; a host that it does not name is refused."""
        return self._texts.get(SSH_HOSTS, lambda: self._labelled(SSH_HOSTS)).get("ssh_known_hosts", "")

    def webhook_secrets(self) -> Mapping[str, str]:
        """Keys `webhook.*` of argocd-secret, with `$key` looked up in the same Secret; empty when there is none."""
        return self._unwatched.get(SECRETS, self._webhook_secrets)

    def part_of_argocd(self, name: str) -> Mapping[str, str] | None:
        """A Secret's text by key; None where there is none that is labelled as a part of argocd."""
        return self._named.get(name, lambda: self._part_of_argocd(name))

    def follow(self, word: str, *, are_watched: bool) -> None:
        """Forgets what is remembered when observers gave another word than last time: something has changed.

        `are_watched`: they would tell, so what is remembered is believed for longer.
        """
        for memory in (self._projects, self._clusters, self._repositories, self._texts):
            memory.remember_s = TOLD_S if are_watched else REMEMBER_S
        if word != self._word:
            self.invalidate()
            # Last, so that no other thread goes on with what is about to be forgotten.
            self._word = word

    def invalidate(self) -> None:
        """Forgets what is remembered: something is known to have changed."""
        for memory in (self._projects, self._clusters, self._repositories, self._texts, self._unwatched, self._named):
            memory.clear()

    def _get(self, kind: GroupKind, namespace: str, name: str) -> JsonObject:
        path = paths.collection(kind, _KINDS[kind], namespace=namespace)
        return self._control.transport.get(paths.item(path, name)).json()

    def _list(self, kind: GroupKind, select: Selector) -> Iterator[LiveObject]:
        path = paths.collection(kind, _KINDS[kind], namespace=self._namespace)
        return objects_at(self._control.transport, path, kind, select)

    def _secrets(self, parse: Callable[[JsonObject], Parsed], *types: str) -> Secrets[Parsed]:
        parsed: list[Parsed] = []
        broken: dict[str, SpecError] = {}
        found = self._list(SECRET, Selector(labels=f"{words.SECRET_TYPE} in ({','.join(types)})"))
        for live in sorted(found, key=lambda secret: secret.key.name):
            try:
                parsed.append(parse(live.body))
            except SpecError as error:
                broken[live.key.name] = error
        return Secrets(parsed, broken)

    def _labelled(self, name: str) -> Mapping[str, str]:
        """Argo CD: its ConfigMaps count only where they are labelled as a part of argocd."""
        found = self._optional(CONFIG_MAP, name)
        return (found.body.get("data") or {}) if found.labels.get(words.PART_OF) == words.PART_OF_ARGOCD else {}

    def _part_of_argocd(self, name: str) -> Mapping[str, str] | None:
        found = self._optional(SECRET, name)
        return decoded_data(found.body) if found.labels.get(words.PART_OF) == words.PART_OF_ARGOCD else None

    def _webhook_secrets(self) -> Mapping[str, str]:
        data = decoded_data(self._optional(SECRET, SECRETS).body)
        named = {key: text.strip() for key, text in data.items() if key.startswith(WEBHOOK_PREFIX)}
        return {key: data.get(text[1:], "") if text.startswith("$") else text for key, text in named.items()}

    def _optional(self, kind: GroupKind, name: str) -> LiveObject:
        try:
            return LiveObject(self._get(kind, self._namespace, name))
        except ObjectGone:
            return LiveObject({})


class _Memory(Generic[Value]):
    """Answers by name, each remembered for a few seconds; one caller at a time asks the server."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._known: dict[str, tuple[float, Value]] = {}
        self.remember_s = REMEMBER_S

    def get(self, name: str, ask: Callable[[], Value]) -> Value:
        known = self._known.get(name)
        if known is not None and self._clock() - known[0] < self.remember_s:
            return known[1]
        with self._lock:
            known = self._known.get(name)
            if known is None or self._clock() - known[0] >= self.remember_s:
                asked_at = self._clock()
                known = self._known[name] = (asked_at, ask())
            return known[1]

    def clear(self) -> None:
        with self._lock:
            self._known.clear()
