"""Who an application is in this pass: its project, its destination, and what may be done to it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from reconciler.clusters.cluster import Cluster
from reconciler.errors import ObjectGone, SpecError
from reconciler.models.application import Application
from reconciler.models.honoured import unhonoured_fields, unhonoured_in_project, unhonoured_in_repository
from reconciler.models.project import AppProject
from reconciler.models.source import Destination
from reconciler.models.words import SKIP_RECONCILE
from reconciler.plan.gate import Gate, gate
from reconciler.plan.guard import NO_LIMIT, prune_limit
from reconciler.plan.impersonation import OURSELVES, Identity, identity_of
from reconciler.plan.inheritance import global_projects
from reconciler.plan.permissions import ProjectRules
from reconciler.services import Readers


@dataclass(frozen=True, slots=True)
class Standing:
    """One application and what may be done with it. `instance` is its name inside tracking marks."""

    app: Application
    instance: str
    gate: Gate


@dataclass(frozen=True, slots=True)
class Target:
    """Where it goes and what its project permits. `destination` has server and name both resolved."""

    cluster: Cluster
    project: ProjectRules
    destination: Destination
    identity: Identity = OURSELVES
    """In whose name it is written."""


def stand(app: Application, readers: Readers) -> Standing:
    """What may be done with `app`, before anything of it is read. Raises what the catalog raises."""
    unhonoured = (*unhonoured_fields(app, readers.catalog.settings_cm()), *_around(app, readers))
    decided = gate(app, readers.settings.manage, unhonoured)
    return Standing(app, app.key.instance(readers.settings.namespace), decided)


def _around(app: Application, readers: Readers) -> Iterator[str]:
    """What the Application's project, repository Secrets and cluster Secret ask for and this version does not do."""
    with suppress(ObjectGone):
        project = readers.catalog.project(app.spec.project)
        yield from unhonoured_in_project(project)
        with suppress(SpecError):
            # What cannot be read is said once, by whoever needs the rules.
            for other in _inherited(project, readers):
                yield from unhonoured_in_project(other)
    urls = {source.repo_url.strip().removesuffix("/") for source in app.spec.all_sources}
    for secret in readers.catalog.repositories().parsed:
        if secret.url.strip().removesuffix("/") in urls:
            yield from unhonoured_in_repository(secret)
    wanted = app.spec.destination
    for cluster in readers.catalog.clusters().parsed:
        if cluster.skip_reconcile and (cluster.server == wanted.server.rstrip("/") or cluster.name == wanted.name):
            yield f"{SKIP_RECONCILE} on the cluster Secret {cluster.name}"


def aim(app: Application, readers: Readers) -> Target:
    """Project and destination. Raises SpecError in Argo CD's words, and what the catalog raises."""
    wanted = app.spec.destination
    project = project_rules(app.spec.project, readers)
    cluster = readers.clusters.open(wanted.server, wanted.name)
    place = Destination(server=cluster.url, name=cluster.name, namespace=wanted.namespace)
    identity = identity_of(readers.catalog.settings_cm(), project.service_accounts, place, app.metadata.namespace)
    return Target(cluster, project, place, identity)


def project_rules(name: str, readers: Readers) -> ProjectRules:
    """The rules of a project and of those that it inherits from. Raises SpecError when it does not exist."""
    try:
        project = readers.catalog.project(name)
    except ObjectGone:
        raise SpecError(f"Application referencing project {name} which does not exist") from None
    rules = ProjectRules.of(project, list(_inherited(project, readers)))
    if rules.prune_limit is NO_LIMIT and readers.settings.prune_limit:
        limit = prune_limit(readers.settings.prune_limit, "the settings")
        rules = replace(rules, prune_limit=limit)
    return rules


def _inherited(project: AppProject, readers: Readers) -> Iterator[AppProject]:
    """The global projects that hold for it too. Argo CD: one that does not exist is passed over."""
    for name in global_projects(readers.catalog.settings_cm(), project):
        with suppress(ObjectGone):
            yield readers.catalog.project(name)
