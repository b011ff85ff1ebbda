"""Every key in Redis, one documented function each. Scripts build the same names from the same prefix."""

from __future__ import annotations

from dataclasses import dataclass

from reconciler.models.keys import AppKey, ClusterUrl, EntryKey, GroupKind, Lane, RepoUrl
from reconciler.settings import Settings


@dataclass(frozen=True, slots=True)
class Keys:
    """Names of all keys of one installation; `prefix` ends with its own separator."""

    prefix: str

    @classmethod
    def of(cls, settings: Settings) -> Keys:
        return cls(settings.key_prefix)

    # The due set and its leases: written by scripts/*.lua only.

    def entry(self, entry: EntryKey) -> str:
        """entry:<kind>:<name> → hash of uid, lane, place, req, issued, token, until, worker."""
        return f"{self.prefix}entry:{entry}"

    def due(self, lane: Lane, place: str) -> str:
        """due:<lane>:<place> → sorted set of entries that are not issued, by the millisecond they are due."""
        return f"{self.prefix}due:{lane}:{place}"

    def ring(self, lane: Lane) -> str:
        """ring:<lane> → sorted set of places with entries in that lane, by their earliest millisecond."""
        return f"{self.prefix}ring:{lane}"

    def turn(self, lane: Lane) -> str:
        """turn:<lane> → the place that was served last, so that places take turns."""
        return f"{self.prefix}turn:{lane}"

    def issued(self, lane: Lane) -> str:
        """issued:<lane> → sorted set of issued entries, by the millisecond at which to look at them again."""
        return f"{self.prefix}issued:{lane}"

    def flights(self) -> str:
        """flights → hash of place to the number of its issued entries."""
        return f"{self.prefix}flights"

    def starved(self) -> str:
        """starved → set of `lane:<lane>` and `place:<place>` that have due entries and no credit."""
        return f"{self.prefix}starved"

    def wake(self) -> str:
        """wake → list of at most one element, on which beat waits."""
        return f"{self.prefix}wake"

    def queue(self, name: str) -> str:
        """<queue> → list of Celery messages; the same name that kombu builds with its global key prefix."""
        return f"{self.prefix}{name}"

    # Processes and epochs.

    def alive(self, worker: str) -> str:
        """alive:<worker> → a process' heartbeat, gone after its TTL."""
        return f"{self.prefix}alive:{worker}"

    def server(self) -> str:
        """server → run id of the Redis server that this data was last seen on."""
        return f"{self.prefix}server"

    def born(self) -> str:
        """born → microsecond at which this data was first seen on its server: the epoch."""
        return f"{self.prefix}born"

    def rebuilt(self) -> str:
        """rebuilt → the epoch for which everything has been requested anew."""
        return f"{self.prefix}rebuilt"

    def rebuilding(self) -> str:
        """rebuilding → the process that rebuilds just now, gone after its TTL."""
        return f"{self.prefix}rebuilding"

    def members(self, role: str) -> str:
        """members:<role> → sorted set of live processes of that role, by the millisecond they were last seen."""
        return f"{self.prefix}members:{role}"

    # What passes remember.

    def record(self, app: AppKey) -> str:
        """record:<namespace>/<name> → the last pass' digests, with a MAC."""
        return f"{self.prefix}record:{app}"

    def result(self, app: AppKey) -> str:
        """result:<namespace>/<name> → the last pass' result, for people; gone after a day."""
        return f"{self.prefix}result:{app}"

    def blob(self, name: str) -> str:
        """blob:<name> → sealed bytes, named by everything they depend on; gone after their TTL."""
        return f"{self.prefix}blob:{name}"

    def doing(self, name: str) -> str:
        """doing:<name> → token of the one that does this work for all; gone by itself when its holder dies."""
        return f"{self.prefix}doing:{name}"

    def done(self, name: str) -> str:
        """done:<name> → stream with one entry once the turn is over; gone after a minute."""
        return f"{self.prefix}done:{name}"

    # Live summaries: written by observers only.

    def summaries(self, cluster: ClusterUrl, kind: GroupKind) -> str:
        """live:<cluster>:<group>/<kind> → hash of `<namespace>/<name>` to owner and summary."""
        return f"{self.prefix}live:{cluster}:{kind.group}/{kind.kind}"

    def watched(self, cluster: ClusterUrl) -> str:
        """watched:<cluster> → hash of `<group>/<kind>` to its epoch and the millisecond it was last known fresh."""
        return f"{self.prefix}watched:{cluster}"

    def owned(self, cluster: ClusterUrl, instance: str) -> str:
        """owned:<cluster>:<instance> → set of the objects that carry that instance's tracking mark."""
        return f"{self.prefix}owned:{cluster}:{instance}"

    def surroundings(self) -> str:
        """surroundings → a word that is another one after each change of a project, Secret or setting of ours."""
        return f"{self.prefix}surroundings"

    # Which application reads what.

    def readers(self, repo: RepoUrl, binding: str, read: str) -> str:
        """readers:<repo>:<binding>:<read> → set of applications with that read, such as `path:a/b.yaml`."""
        return f"{self.prefix}readers:{repo}:{binding}:{read}"

    def globs(self, repo: RepoUrl, binding: str) -> str:
        """globs:<repo>:<binding> → hash of pattern to the number of its readers."""
        return f"{self.prefix}globs:{repo}:{binding}"

    def repos(self) -> str:
        """repos → set of the repositories that applications read."""
        return f"{self.prefix}repos"

    def bindings(self, repo: RepoUrl) -> str:
        """bindings:<repo> → hash of ref binding to the number of applications that read it."""
        return f"{self.prefix}bindings:{repo}"

    def reads(self, app: AppKey) -> str:
        """reads:<namespace>/<name> → hash of the application's read-set: its digest, and all it stands in."""
        return f"{self.prefix}reads:{app}"

    def heads(self, repo: RepoUrl) -> str:
        """heads:<repo> → hash of `current:<ref>` and `next:<ref>` to commits, and the `epoch` of both."""
        return f"{self.prefix}heads:{repo}"
