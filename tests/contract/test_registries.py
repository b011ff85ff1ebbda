"""Charts and artifacts from an OCI registry, one that serves well and ones that do not."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace

import pytest

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import PINNED
from reconciler.models.secrets import RepositorySecret
from reconciler.models.words import SECRET_TYPE
from reconciler.sandbox.charthttp import Asked, ChartHttp, Route, Told
from reconciler.sandbox.registry import CHART_LAYER, FILES_LAYER, Registry, start_registry
from reconciler.sources.charts.chartsource import ChartSources
from reconciler.sources.charts.following import Goal, goal
from reconciler.sources.charts.limits import ChartLimits
from reconciler.sources.credentials import Access, access_for
from reconciler.sources.transport import Timeouts
from reconciler.sources.urls import chart_url
from tests.support.archives import a_chart, a_tar

LOGIN = ("reader", "hunter2")
QUICK = ChartLimits(timeouts=Timeouts(connect_s=1, read_s=1), index_s=1.0, archive_s=1.0)
FILES = {"apps/a.yaml": "a: 1\n"}


class Others:
    """Further servers that answer as a test says."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def serve(self, route: Route) -> ChartHttp:
        http = ChartHttp(route)
        http.start()
        self._stack.callback(http.stop)
        return http


@pytest.fixture
def others() -> Iterator[Others]:
    with ExitStack() as stack:
        yield Others(stack)


@pytest.fixture
def registry() -> Iterator[Registry]:
    running = start_registry(login=LOGIN)
    yield running
    running.stop()


def entered(registry: Registry, path: str, *others: RepositorySecret, **values: str) -> Access:
    """By the login, without TLS as a Secret has to say."""
    given = {"type": "oci", "username": LOGIN[0], "password": LOGIN[1], "insecureOCIForceHttp": "true", **values}
    secrets = [a_secret(f"oci://{registry.host}", **given), *others]
    return access_for(chart_url(f"oci://{registry.host}/{path}"), secrets, "p")


def a_secret(url: str, *, kind: str = "repo-creds", **values: str) -> RepositorySecret:
    labels = {SECRET_TYPE: kind}
    return RepositorySecret.model_validate({"url": url, "type": "oci", "secret_name": "s", "labels": labels, **values})


def names(charts: ChartSources, access: Access, asked: Goal) -> set[str]:
    tree = charts.tree(access, asked, charts.resolve(access, asked).revision)
    return set(tree.entries(tree.root))


def test_a_chart_is_found_by_version_and_by_range(registry: Registry) -> None:
    for version in ("1.0.0", "1.5.0+build.1", "2.0.0-rc.1"):
        registry.push_chart("charts/web", version, a_chart("web", version))
    charts, access = ChartSources(None), entered(registry, "charts")
    assert charts.resolve(access, goal("web", "1.0.0")).binding == PINNED
    floating = charts.resolve(access, goal("web", "1.x"))
    assert (floating.revision, floating.binding) == ("1.5.0+build.1", "chart:web:1.x")
    assert names(charts, access, goal("web", "1.x")) == {"Chart.yaml", "values.yaml", "templates"}
    bindings = ["chart:web:>=2-0", "chart:web:>=9", "chart:db:1.x"]
    assert charts.heads(access, bindings) == {"chart:web:>=2-0": "2.0.0-rc.1"}


def test_an_artifact_is_named_by_tag_range_and_digest_and_shown_by_digest(registry: Registry) -> None:
    digest = registry.push("team/apps", "v1", (FILES_LAYER, a_tar(FILES)))
    newer = registry.push("team/apps", "1.1.0", (FILES_LAYER, a_tar({"b.yaml": "b"})))
    charts, access = ChartSources(None), entered(registry, "team/apps")
    by_tag, by_range = charts.resolve(access, goal("", "v1")), charts.resolve(access, goal("", "1.x"))
    assert (by_tag.revision, by_tag.binding) == (digest, "tag:v1")
    assert (by_range.revision, by_range.binding) == (newer, "tag:1.x")
    assert charts.resolve(access, goal("", digest)).binding == PINNED
    assert names(charts, access, goal("", "v1")) == {"apps"}
    moved = registry.push("team/apps", "v1", (FILES_LAYER, a_tar({"c.yaml": "c"})))
    assert charts.heads(access, ["tag:v1"]) == {"tag:v1": moved}
    assert names(charts, access, goal("", "v1")) == {"c.yaml"}
    assert names(charts, access, goal("", digest)) == {"apps"}


def test_a_chart_as_an_artifact_is_its_folder(registry: Registry) -> None:
    registry.push_chart("charts/web", "1.0.0", a_chart("web", "1.0.0"))
    assert "Chart.yaml" in names(ChartSources(None), entered(registry, "charts/web"), goal("", "1.0.0"))


def test_plain_tar_is_content_as_well(registry: Registry) -> None:
    registry.push("a", "1", ("application/vnd.oci.image.layer.v1.tar", a_tar(FILES, mode="w")))
    assert names(ChartSources(None), entered(registry, "a"), goal("", "1")) == {"apps"}


def test_many_tags_come_in_pages(registry: Registry) -> None:
    for number in range(250):
        registry.manifests["charts/web", f"1.{number}.0"] = "sha256:" + "0" * 64
    assert ChartSources(None).resolve(entered(registry, "charts"), goal("web", "1.x")).revision == "1.249.0"


def test_a_token_is_asked_for_once(registry: Registry) -> None:
    registry.push("a", "1", (FILES_LAYER, a_tar(FILES)))
    charts, access = ChartSources(None), entered(registry, "a")
    names(charts, access, goal("", "1"))
    charts.heads(access, ["tag:1"])
    asked = registry.http.requests
    assert sum(count for path, count in asked.items() if path.startswith("/token")) == 1


@pytest.mark.parametrize(
    ("layers", "words"),
    [
        ([], "has 0 layers of content"),
        ([(FILES_LAYER, b"a"), (CHART_LAYER, b"b")], "has 2 layers of content"),
        ([("application/octet-stream", b"a")], "types of its layers: application/octet-stream"),
    ],
)
def test_an_artifact_has_one_layer_of_content(registry: Registry, layers: list[tuple[str, bytes]], words: str) -> None:
    registry.push("a", "1", *layers)
    with pytest.raises(SourceError, match=words):
        ChartSources(None).resolve(entered(registry, "a"), goal("", "1"))


def test_provenance_beside_a_chart_is_no_content(registry: Registry) -> None:
    provenance = ("application/vnd.cncf.helm.chart.provenance.v1.prov", b"signed")
    registry.push("charts/web", "1.0.0", provenance, (CHART_LAYER, a_chart("web", "1.0.0")))
    assert "Chart.yaml" in names(ChartSources(None), entered(registry, "charts"), goal("web", "1.0.0"))


def test_files_are_no_chart(registry: Registry) -> None:
    registry.push("charts/web", "1.0.0", (FILES_LAYER, a_tar(FILES)))
    with pytest.raises(SourceError, match=r"chart web 1\.0\.0 of .* is no Helm chart"):
        names(ChartSources(None), entered(registry, "charts"), goal("web", "1.0.0"))


def test_what_is_not_there_is_named(registry: Registry) -> None:
    registry.push_chart("charts/web", "1.0.0", a_chart("web", "1.0.0"))
    charts, access = ChartSources(None), entered(registry, "charts")
    with pytest.raises(SourceError, match=r"charts/web:2\.0\.0 is not found in the registry"):
        names(charts, access, goal("web", "2.0.0"))
    with pytest.raises(SourceError, match=r"chart web >=2 is not found in .*, which has 1\.0\.0"):
        charts.resolve(access, goal("web", ">=2"))


def test_other_content_than_the_digest_names_is_refused(registry: Registry) -> None:
    digest = registry.push("a", "1", (FILES_LAYER, a_tar(FILES)))
    layer = json.loads(registry.blobs[digest])["layers"][0]["digest"]
    registry.blobs[layer] = a_tar({"evil.yaml": "x"})
    charts, access = ChartSources(None), entered(registry, "a")
    with pytest.raises(SourceError, match="other content than the digest names"):
        names(charts, access, goal("", "1"))
    registry.blobs[digest] = b'{"layers": []}'
    for wanted in (goal("", "1"), goal("", digest)):
        with pytest.raises(SourceError, match="another manifest than its digest names"):
            names(charts, access, wanted)


def test_a_wrong_login_is_named_and_none_is_too(registry: Registry) -> None:
    registry.push("a", "1", (FILES_LAYER, a_tar(FILES)))
    for given in ({"password": "wrong"}, {"username": "", "password": ""}):
        with pytest.raises(SourceError, match=r"credentials"):
            ChartSources(None).resolve(entered(registry, "a", **given), goal("", "1"))


def test_a_registry_without_tls_is_spoken_to_only_where_the_secret_says_so(registry: Registry) -> None:
    registry.push("a", "1", (FILES_LAYER, a_tar(FILES)))
    with pytest.raises(SourceUnavailable):
        ChartSources(None, QUICK).resolve(entered(registry, "a", insecureOCIForceHttp="false"), goal("", "1"))


def test_the_login_is_not_sent_to_a_token_server_elsewhere(registry: Registry, others: Others) -> None:
    other = others.serve(lambda _: Told(body=b'{"token": "x"}'))
    registry.realm = f"{other.url}/token"
    access = entered(registry, "a", a_secret(f"oci://{other.url.removeprefix('http://')}"))
    with pytest.raises(SourceError, match=r"wants its login sent to http://127\.0\.0\.1:\d+, which is another host"):
        ChartSources(None).resolve(access, goal("", "1"))
    assert not other.asked
    anonymous = replace(access, username="", password="")
    with pytest.raises(SourceError, match="it asks for credentials"):
        ChartSources(None).resolve(anonymous, goal("", "1"))
    assert [asked.headers.get("authorization") for asked in other.asked] == [None]


def test_a_blob_that_lies_elsewhere_is_fetched_without_the_token(registry: Registry, others: Others) -> None:
    registry.push("a", "1", (FILES_LAYER, a_tar(FILES)))
    store = others.serve(lambda asked: Told(body=registry.blobs[asked.path.rpartition("/")[2]]))
    inner = registry.http.route

    def moved(asked: Asked) -> Told:
        if "/blobs/" in asked.path:
            return Told(307, headers={"Location": f"{store.url}/{asked.path.rpartition('/')[2]}"})
        return inner(asked)

    registry.http.route = moved
    access = entered(registry, "a", a_secret(f"oci://{store.url.removeprefix('http://')}"))
    assert names(ChartSources(None), access, goal("", "1")) == {"apps"}
    assert [asked.headers.get("authorization") for asked in store.asked] == [None]
    with pytest.raises(SourceError, match="is no public address"):
        names(ChartSources(None), entered(registry, "a"), goal("", "1"))


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Told(body=b"{" * 200_000), "does not read"),
        (Told(body=b'{"tags": 7}'), "does not read"),
        (Told(is_endless=True), "larger than 4194304 bytes"),
        (Told(body=b"{}", byte_every_s=1.5), "took longer than 1 s"),
        (
            Told(body=b'{"tags": []}', headers={"Link": '<http://127.0.0.2:1/next>; rel="next"'}),
            "goes on at another host",
        ),
        (Told(500), "HTTP 500"),
        (Told(401, headers={"WWW-Authenticate": "Negotiate"}), "asks for 'Negotiate'"),
        (Told(401, headers={"WWW-Authenticate": 'Bearer realm="file:///etc/passwd"'}), "none of http or https"),
        (Told(401, headers={"WWW-Authenticate": 'Bearer realm=""'}), "none of http or https"),
    ],
)
def test_a_hostile_registry_is_a_named_error_in_time(registry: Registry, told: Told, words: str) -> None:
    registry.http.route = lambda _: told
    with pytest.raises((SourceError, SourceUnavailable), match=words):
        ChartSources(None, QUICK).resolve(entered(registry, "charts"), goal("web", "1.x"))
