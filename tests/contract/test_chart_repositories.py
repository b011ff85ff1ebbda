"""Charts over HTTP, from a repository that serves well and from servers that do not."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import SourceError, SourceUnavailable
from reconciler.models.keys import PINNED, Revision
from reconciler.models.secrets import RepositorySecret
from reconciler.models.words import SECRET_TYPE
from reconciler.passes.rendering import RENDER_DEADLINE_S
from reconciler.sandbox.charthttp import Asked, ChartHttp, Route, Told
from reconciler.sandbox.chartserver import ChartServer, start_chart_server
from reconciler.sandbox.valkey import Valkey
from reconciler.sources.charts.chartsource import ChartSources
from reconciler.sources.charts.following import goal
from reconciler.sources.charts.helmrepo import INDEX_FRESH_S
from reconciler.sources.charts.limits import ChartLimits
from reconciler.sources.credentials import Access, access_for
from reconciler.sources.transport import Timeouts
from reconciler.sources.urls import chart_url
from reconciler.store.blobs import Blobs
from reconciler.store.client import connect
from tests.support.archives import a_chart
from tests.support.store import KEYRING, KEYS

QUICK = ChartLimits(timeouts=Timeouts(connect_s=1, read_s=1), index_s=1.0, archive_s=1.0)
LOGIN = ("reader", "hunter2")


@pytest.fixture
def blobs(valkey: Valkey) -> Blobs:
    return Blobs(connect(valkey.url), KEYS, KEYRING)


@pytest.fixture
def server() -> Iterator[ChartServer]:
    running = start_chart_server(login=LOGIN)
    running.add("web", "1.0.0", a_chart("web", "1.0.0"))
    yield running
    running.stop()


class Hosts:
    """Servers that answer as a test says."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def serve(self, route: Route) -> ChartHttp:
        http = ChartHttp(route)
        http.start()
        self._stack.callback(http.stop)
        return http


@pytest.fixture
def hosts() -> Iterator[Hosts]:
    with ExitStack() as stack:
        yield Hosts(stack)


def a_secret(url: str, **values: str) -> RepositorySecret:
    labels = {SECRET_TYPE: values.pop("kind", "repository")}
    return RepositorySecret.model_validate({"url": url, "type": "helm", "secret_name": "s", "labels": labels, **values})


def entered(url: str, *secrets: RepositorySecret, project: str = "p") -> Access:
    return access_for(chart_url(url), secrets, project)


def by_login(url: str, *neighbours: ChartHttp) -> Access:
    others = (a_secret(f"{other.url}/elsewhere") for other in neighbours)
    return entered(url, a_secret(url, username=LOGIN[0], password=LOGIN[1]), *others)


def logins(http: ChartHttp) -> list[str]:
    return [asked.headers["authorization"] for asked in http.asked if "authorization" in asked.headers]


def test_an_exact_version_is_fetched_and_a_range_means_the_highest(server: ChartServer) -> None:
    server.add("web", "1.2.0", a_chart("web", "1.2.0"))
    server.add("web", "2.0.0-rc.1", a_chart("web", "2.0.0-rc.1"))
    charts, access = ChartSources(None), by_login(server.url)
    exact, floating = charts.resolve(access, goal("web", "1.0.0")), charts.resolve(access, goal("web", ">=1"))
    assert (exact.revision, exact.binding) == ("1.0.0", PINNED)
    assert (floating.revision, floating.binding) == ("1.2.0", "chart:web:>=1")
    assert charts.resolve(access, goal("web", "HEAD")).revision == "1.2.0"
    assert charts.resolve(access, goal("web", ">=1-0")).revision == "2.0.0-rc.1"
    tree = charts.tree(access, goal("web", "1.0.0"), exact.revision)
    assert set(tree.entries(tree.root)) == {"Chart.yaml", "values.yaml", "templates"}


def test_an_exact_version_needs_no_look_and_an_archive_is_fetched_once(server: ChartServer) -> None:
    charts, access = ChartSources(None), by_login(server.url)
    charts.resolve(access, goal("web", "1.0.0"))
    assert not server.http.asked
    for _ in range(3):
        charts.tree(access, goal("web", "1.0.0"), Revision("1.0.0"))
    assert dict(server.http.requests) == {"/charts/index.yaml": 1, "/charts/web-1.0.0.tgz": 1}


def test_an_index_that_has_not_changed_is_not_sent_again(server: ChartServer) -> None:
    now = [0.0]
    charts, access = ChartSources(None), by_login(server.url)
    charts._repositories._clock = lambda: now[0]
    charts.heads(access, ["chart:web:>=1"])
    now[0] = 60.0
    assert charts.heads(access, ["chart:web:>=1", "chart:web:>=9"]) == {"chart:web:>=1": "1.0.0"}
    assert server.http.asked[-1].headers["if-none-match"].startswith('"')
    server.add("web", "1.1.0", a_chart("web", "1.1.0"))
    now[0] = 120.0
    assert charts.heads(access, ["chart:web:>=1"]) == {"chart:web:>=1": "1.1.0"}


def test_what_a_rendering_fetches_leaves_it_time_to_render() -> None:
    assert ChartLimits().index_s + ChartLimits().archive_s < RENDER_DEADLINE_S


def test_a_poll_has_more_patience_with_an_index_than_a_pass(hosts: Hosts) -> None:
    home = hosts.serve(lambda _: Told(body=INDEX, byte_every_s=0.01))
    charts, access = ChartSources(None, ChartLimits(index_s=0.1, poll_s=20.0)), entered(home.url)
    with pytest.raises(SourceUnavailable):
        charts.resolve(access, goal("web", "1.x"))
    assert charts.heads(access, ["chart:web:1.x"]) == {"chart:web:1.x": "1.0.0"}
    assert charts.resolve(access, goal("web", "1.x")).revision == "1.0.0"


def test_whoever_waited_behind_a_fetch_that_failed_does_not_wait_again(hosts: Hosts) -> None:
    now, told = [0.0], [Told(503, headers={"Retry-After": "7"})]
    home = hosts.serve(lambda _: told[0])
    charts, access = ChartSources(None), entered(home.url)
    charts._repositories._clock = lambda: now[0]
    for _ in range(3):
        with pytest.raises(SourceUnavailable, match="HTTP 503") as failed:
            charts.resolve(access, goal("web", "1.x"))
        assert failed.value.retry_after_s == 7
    assert len(home.asked) == 1
    now[0], told[0] = INDEX_FRESH_S, Told(body=INDEX)
    assert charts.resolve(access, goal("web", "1.x")).revision == "1.0.0"


def test_nobody_waits_without_end_for_an_index_that_another_fetches(hosts: Hosts) -> None:
    reached, go_on = threading.Event(), threading.Event()

    def route(_: Asked) -> Told:
        reached.set()
        go_on.wait(10)
        return Told(body=INDEX)

    home = hosts.serve(route)
    charts, access = ChartSources(None, ChartLimits(index_s=0.1, poll_s=20.0)), entered(home.url)
    with ThreadPoolExecutor(1) as threads:
        polled = threads.submit(charts.heads, access, ["chart:web:1.x"])
        assert reached.wait(10)
        with pytest.raises(SourceUnavailable, match=f"{home.url}: another fetch of it has not ended in time"):
            charts.resolve(access, goal("web", "1.x"))
        go_on.set()
        assert polled.result() == {"chart:web:1.x": "1.0.0"}
    assert charts.resolve(access, goal("web", "1.x")).revision == "1.0.0"


def test_a_name_that_resolves_after_the_whole_time_does_not_set_the_server_free_of_it(
    hosts: Hosts, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve = socket.getaddrinfo

    def slowly(*args: Any, **kwargs: Any) -> Any:
        threading.Event().wait(0.5)
        return resolve(*args, **kwargs)

    home = hosts.serve(lambda _: Told(body=INDEX, byte_every_s=0.02))
    monkeypatch.setattr(socket, "getaddrinfo", slowly)
    with pytest.raises(SourceUnavailable, match="took longer than"):
        ChartSources(None, ChartLimits(index_s=0.4)).resolve(
            entered(f"http://localhost:{home.port}"), goal("web", "1.x")
        )


def test_what_is_not_offered_is_named(server: ChartServer) -> None:
    charts, access = ChartSources(None), by_login(server.url)
    with pytest.raises(SourceError, match=r"chart web 3\.0\.0 is not found in http://.*, which has 1\.0\.0"):
        charts.tree(access, goal("web", "3.0.0"), Revision("3.0.0"))
    with pytest.raises(SourceError, match=r"chart db is not found in"):
        charts.resolve(access, goal("db", "1.x"))


def test_a_login_that_is_missing_or_wrong_is_named(server: ChartServer) -> None:
    with pytest.raises(SourceError, match="it asks for credentials"):
        ChartSources(None).resolve(entered(server.url), goal("web", "1.x"))
    wrong = entered(server.url, a_secret(server.url, username="reader", password="wrong"))
    with pytest.raises(SourceError, match="its Secret's credentials were refused") as refused:
        ChartSources(None).resolve(wrong, goal("web", "1.x"))
    assert "wrong" not in str(refused.value)


def test_a_template_and_another_projects_secret(server: ChartServer) -> None:
    login = {"username": LOGIN[0], "password": LOGIN[1]}
    template = a_secret(server.http.url, kind="repo-creds", **login)
    assert ChartSources(None).resolve(entered(server.url, template), goal("web", "1.x")).revision == "1.0.0"
    others = a_secret(server.url, project="q", **login)
    with pytest.raises(SourceError, match="it asks for credentials"):
        ChartSources(None).resolve(entered(server.url, others), goal("web", "1.x"))


def test_an_archive_that_is_another_than_the_index_says_is_refused(server: ChartServer) -> None:
    server.files["web-1.0.0.tgz"] = a_chart("web", "1.0.0", swapped="yes")
    with pytest.raises(SourceError, match="not the one that the index describes"):
        ChartSources(None).tree(by_login(server.url), goal("web", "1.0.0"), Revision("1.0.0"))


def test_the_login_does_not_go_to_another_host(server: ChartServer, hosts: Hosts) -> None:
    other = hosts.serve(lambda _: Told(body=server.files["web-1.0.0.tgz"]))
    server.urls["web-1.0.0.tgz"] = f"{other.url}/web-1.0.0.tgz"
    ChartSources(None).tree(by_login(server.url, other), goal("web", "1.0.0"), Revision("1.0.0"))
    assert len(other.asked) == 1
    assert logins(other) == []


def test_pass_credentials_sends_the_login_to_where_the_archive_lies_and_no_further(
    server: ChartServer, hosts: Hosts
) -> None:
    last = hosts.serve(lambda _: Told(body=server.files["web-1.0.0.tgz"]))
    other = hosts.serve(lambda _: Told(302, headers={"Location": f"{last.url}/moved"}))
    server.urls["web-1.0.0.tgz"] = f"{other.url}/web-1.0.0.tgz"
    access = by_login(server.url, other, last)
    ChartSources(None).tree(access, goal("web", "1.0.0"), Revision("1.0.0"), passes_credentials=True)
    assert len(logins(other)) == 1
    assert (len(last.asked), logins(last)) == (1, [])


def test_a_redirect_takes_no_login_to_another_host(hosts: Hosts) -> None:
    other = hosts.serve(lambda _: Told(body=b"entries:\n  web:\n  - version: 1.0.0\n"))
    home = hosts.serve(lambda _: Told(302, headers={"Location": f"{other.url}/index.yaml"}))
    assert ChartSources(None).resolve(by_login(home.url, other), goal("web", "1.x")).revision == "1.0.0"
    assert (len(logins(home)), logins(other)) == (1, [])


def test_redirects_have_an_end(hosts: Hosts) -> None:
    home = hosts.serve(lambda asked: Told(302, headers={"Location": asked.path + "x"}))
    with pytest.raises(SourceError, match="more than 5 redirects"):
        ChartSources(None).resolve(entered(home.url), goal("web", "1.x"))
    assert len(home.asked) == 6


@pytest.mark.parametrize(
    "place",
    ["http://127.0.0.1:9/x", "http://169.254.169.254/latest", "http://[::ffff:10.0.0.1]/x", "http://localhost/x"],
)
def test_nothing_leads_to_addresses_within_the_network(hosts: Hosts, place: str) -> None:
    home = hosts.serve(lambda _: Told(302, headers={"Location": place}))
    with pytest.raises(SourceError, match="is refused"):
        ChartSources(None, QUICK).resolve(entered(home.url), goal("web", "1.x"))


def test_a_connection_that_one_projects_secret_allowed_serves_no_other_project(hosts: Hosts) -> None:
    other = hosts.serve(lambda _: Told(body=INDEX))
    named = f"http://localhost:{other.port}"
    home = hosts.serve(lambda _: Told(302, headers={"Location": f"{named}/index.yaml"}))
    secret = a_secret(f"{named}/charts", project="p")
    assert ChartSources(None).resolve(entered(home.url, secret, project="p"), goal("web", "1.x")).revision == "1.0.0"
    with pytest.raises(SourceError, match=r"localhost:\d+ is refused"):
        ChartSources(None).resolve(entered(home.url, secret, project="q"), goal("web", "1.x"))
    assert len(other.asked) == 1


def test_a_metadata_address_is_no_repository_unless_a_secret_names_it() -> None:
    url = "http://169.254.169.254/charts"
    with pytest.raises(SourceError, match=r"169\.254\.169\.254 gives machines their credentials"):
        ChartSources(None, QUICK).resolve(entered(url), goal("web", "1.x"))


@pytest.mark.parametrize("place", ["file:///etc/passwd", "ftp://host/x", "gopher://host/", "https://u:p@host/x"])
def test_an_archive_lies_at_an_http_address_only(server: ChartServer, place: str) -> None:
    server.urls["web-1.0.0.tgz"] = place
    with pytest.raises(SourceError, match="none of http or https"):
        ChartSources(None).tree(by_login(server.url), goal("web", "1.0.0"), Revision("1.0.0"))


INDEX = b"apiVersion: v1\nentries:\n  web:\n  - version: 1.0.0\n    urls: [web-1.0.0.tgz]\n"


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Told(body=INDEX, byte_every_s=0.5), "took longer than 1 s"),
        (Told(is_endless=True), "larger than 1048576 bytes"),
        (Told(body=INDEX, said_length=10_000), "cannot be reached"),
        (Told(body=INDEX, said_length=10**12), "larger than 1048576 bytes"),
        (Told(503, headers={"Retry-After": "7"}), "HTTP 503"),
        (Told(404), "there is nothing"),
        (Told(418), "HTTP 418"),
        (Told(body=b"<html>"), "no `entries`|no YAML"),
        (Told(body=b"a: [1"), "no YAML"),
        (Told(body=b"entries:\n  web: " + b"[" * 100_000), "nested more than 64 deep"),
        (Told(body=b"a: &a [x]\nentries:\n  web: [*a, *a]\n"), "an alias"),
        (Told(body=b"\xff\xfe\x00"), "no YAML"),
    ],
)
def test_a_hostile_index_is_a_named_error_in_time(hosts: Hosts, told: Told, words: str) -> None:
    home = hosts.serve(lambda _: told)
    started = time.monotonic()
    with pytest.raises((SourceError, SourceUnavailable), match=words):
        ChartSources(None, replace(QUICK, index_bytes=1024**2)).resolve(entered(home.url), goal("web", "1.x"))
    assert time.monotonic() - started < 5


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (Told(body=b"x" * 1000, byte_every_s=0.3), "took longer than 1 s"),
        (Told(is_endless=True), "larger than 1048576 bytes"),
        (Told(body=b"\x1f\x8b", said_length=5000), "cannot be reached"),
        (Told(body=b"no archive"), "chart web 1.0.0 is no readable archive"),
    ],
)
def test_a_hostile_archive_is_a_named_error_in_time(hosts: Hosts, told: Told, words: str) -> None:
    def route(asked: Asked) -> Told:
        return Told(body=INDEX) if asked.path.endswith("index.yaml") else told

    home = hosts.serve(route)
    started = time.monotonic()
    charts = ChartSources(None, replace(QUICK, archive_bytes=1024**2))
    with pytest.raises((SourceError, SourceUnavailable), match=words):
        charts.tree(entered(home.url), goal("web", "1.0.0"), Revision("1.0.0"))
    assert time.monotonic() - started < 5


def test_an_index_of_twenty_megabytes_is_read(hosts: Hosts) -> None:
    row = b"  - apiVersion: v2\n    description: a chart & more\n    version: 1.%d.0\n    urls:\n    - web.tgz\n"
    rows = b"".join(row % number for number in range(200))
    charts = b"".join(b"  chart-%d:\n" % number + rows for number in range(1150))
    index = b"apiVersion: v1\nentries:\n" + charts + b"generated: now\n"
    assert len(index) > 20_000_000
    home = hosts.serve(lambda _: Told(body=index))
    assert ChartSources(None).resolve(entered(home.url), goal("chart-1149", "1.x")).revision == "1.199.0"


def test_a_proxy_is_taken_but_for_the_hosts_that_need_none(server: ChartServer, hosts: Hosts) -> None:
    seen = hosts.serve(lambda _: Told(body=b"entries:\n  web:\n  - version: 7.0.0\n"))
    given = {"username": LOGIN[0], "password": LOGIN[1], "proxy": seen.url}
    by_proxy = entered(server.url, a_secret(server.url, **given))
    assert ChartSources(None).resolve(by_proxy, goal("web", "x")).revision == "7.0.0"
    assert seen.asked[0].path == f"{server.url}/index.yaml"
    direct = entered(server.url, a_secret(server.url, noProxy="127.0.0.1", **given))
    assert ChartSources(None).resolve(direct, goal("web", "x")).revision == "1.0.0"


def test_another_worker_does_not_fetch_again(server: ChartServer, blobs: Blobs) -> None:
    access = by_login(server.url)
    first = ChartSources(blobs).tree(access, goal("web", "1.0.0"), Revision("1.0.0"))
    server.stop()
    second = ChartSources(blobs).tree(access, goal("web", "1.0.0"), Revision("1.0.0"))
    assert first.root == second.root
    with pytest.raises(SourceUnavailable):
        ChartSources(blobs).tree(entered(server.url), goal("web", "1.0.0"), Revision("1.0.0"))
