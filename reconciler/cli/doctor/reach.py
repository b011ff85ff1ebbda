"""What has to be reached: destination clusters and repositories, as this caller from this place."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import NamedTuple

from reconciler.cli.control import Control
from reconciler.cli.doctor.finding import Finding, fail, ok, warn
from reconciler.clusters import Clusters
from reconciler.errors import ReconcilerError
from reconciler.models.keys import ClusterUrl
from reconciler.models.source import ApplicationSource
from reconciler.sources import ChartSources, GitSources, Trust, access_for, is_packed, source_url
from reconciler.sources.charts.following import Goal, goal

AT_ONCE = 16


def check_clusters(control: Control) -> Iterator[Finding]:
    """Every destination cluster: does it answer, and with all of its API groups?"""
    for name, error in control.catalog.clusters().broken.items():
        yield fail(f"secret {name}", str(error), "mend this Secret, or delete it")
    clusters = Clusters(control.cluster, control.catalog, control.link)
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        yield from pool.map(lambda url: _cluster(clusters, url), clusters.urls())
    clusters.close()


def check_git(control: Control) -> Iterator[Finding]:
    """Every repository that an Application uses: can its refs be read with the credentials that it would get?"""
    apps = list(control.catalog.applications())
    used = {_Use.of(source, app.spec.project) for app in apps for source in app.spec.all_sources if source.repo_url}
    secrets = control.catalog.repositories()
    for name, error in secrets.broken.items():
        yield fail(f"secret {name}", str(error), "mend this Secret, or delete it")
    trust = Trust(tls_by_host=control.catalog.trusted_hosts())
    sources, charts = GitSources(control.settings.data_dir, None), ChartSources(None)

    def look(use: _Use) -> Finding:
        subject = f"chart {use.chart} of {use.url}" if use.chart else f"repository {use.url}"
        try:
            access = access_for(source_url(use.url, use.chart), secrets.parsed, use.project, trust=trust)
            if access.is_git:
                return ok(subject, f"{len(sources.refs(access).heads)} branches and tags")
            return ok(subject, f"{use.revision or 'the highest version'} is {charts.look(access, use.goal)}")
        except ReconcilerError as error:
            return fail(subject, str(error), "mend the URL, or its credentials with reconciler repo add")

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        yield from pool.map(look, sorted(used))


class _Use(NamedTuple):
    """A repository as an Application of a project uses it; of Git it does not matter at which revision."""

    url: str
    project: str
    chart: str = ""
    revision: str = ""

    @classmethod
    def of(cls, source: ApplicationSource, project: str) -> _Use:
        revision = source.target_revision if is_packed(source) else ""
        return cls(source.repo_url, project, source.chart, revision)

    @property
    def goal(self) -> Goal:
        return goal(self.chart, self.revision)


def _cluster(clusters: Clusters, url: ClusterUrl) -> Finding:
    subject = f"cluster {url}"
    try:
        surface = clusters.open(url, "").surface()
    except ReconcilerError as error:
        return fail(subject, str(error), "mend its address or credentials with reconciler cluster add --upsert")
    if surface.failed_groups:
        said = f"Kubernetes {surface.version}, but without {', '.join(sorted(surface.failed_groups))}"
        return warn(subject, said, "mend the API service behind these groups; their objects cannot be compared")
    return ok(subject, f"Kubernetes {surface.version}, {len(surface.served)} kinds")
