"""What has to be reached: destination clusters and repositories, as this caller from this place."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

from reconciler.cli.control import Control
from reconciler.cli.doctor.finding import Finding, fail, ok, warn
from reconciler.clusters import Clusters
from reconciler.errors import ReconcilerError
from reconciler.models.keys import ClusterUrl
from reconciler.sources import GitSources, access_for

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
    used = {(source.repo_url, app.spec.project) for app in apps for source in app.spec.all_sources if source.repo_url}
    secrets = control.catalog.repositories()
    for name, error in secrets.broken.items():
        yield fail(f"secret {name}", str(error), "mend this Secret, or delete it")
    sources = GitSources(control.settings.data_dir, None)

    def look(pair: tuple[str, str]) -> Finding:
        url, project = pair
        try:
            found = sources.refs(access_for(url, secrets.parsed, project))
        except ReconcilerError as error:
            return fail(f"repository {url}", str(error), "mend the URL, or its credentials with reconciler repo add")
        return ok(f"repository {url}", f"{len(found.heads)} branches and tags")

    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        yield from pool.map(look, sorted(used))


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
