"""A chart repository over HTTP on 127.0.0.1: packed charts, and an index that is made anew with each."""

import hashlib
from collections.abc import Mapping

import yaml

from reconciler.sandbox.charthttp import Asked, ChartHttp, Told


class ChartServer:
    """Charts below `url`; `login` is the one (user, password) that may read, None lets everybody."""

    def __init__(self, *, login: tuple[str, str] | None = None) -> None:
        self.login = login
        self.files: dict[str, bytes] = {}
        """Archives by file name."""

        self.urls: dict[str, str] = {}
        """Where the index says that an archive lies, when it is not beside it."""

        self._charts: dict[str, list[dict[str, object]]] = {}
        self.http = ChartHttp(self._route)

    @property
    def url(self) -> str:
        return f"{self.http.url}/charts"

    def start(self) -> None:
        self.http.start()

    def stop(self) -> None:
        self.http.stop()

    def add(self, chart: str, version: str, archive: bytes) -> str:
        """Offers a version of a chart; the name of its file."""
        name = f"{chart}-{version}.tgz"
        self.files[name] = archive
        entry: dict[str, object] = {
            "apiVersion": "v2",
            "name": chart,
            "version": version,
            "digest": hashlib.sha256(archive).hexdigest(),
            "urls": [name],
        }
        self._charts.setdefault(chart, []).insert(0, entry)
        return name

    def index(self) -> bytes:
        """The index as Helm writes it."""
        entries = {chart: [self._entry(row) for row in rows] for chart, rows in self._charts.items()}
        return yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode()

    def _entry(self, row: Mapping[str, object]) -> dict[str, object]:
        name = f"{row['name']}-{row['version']}.tgz"
        return {**row, "urls": [self.urls.get(name, name)]}

    def _route(self, asked: Asked) -> Told:
        if not asked.is_entered_by(self.login):
            return Told(401, headers={"WWW-Authenticate": 'Basic realm="charts"'})
        name = asked.path.removeprefix("/charts/")
        if name == "index.yaml":
            index = self.index()
            etag = f'"{hashlib.sha256(index).hexdigest()}"'
            if asked.headers.get("if-none-match") == etag:
                return Told(304, headers={"ETag": etag})
            return Told(body=index, headers={"ETag": etag, "Content-Type": "text/yaml"})
        archive = self.files.get(name)
        return Told(404) if archive is None else Told(body=archive, headers={"Content-Type": "application/gzip"})


def start_chart_server(*, login: tuple[str, str] | None = None) -> ChartServer:
    """An empty chart repository, served until `stop`."""
    server = ChartServer(login=login)
    server.start()
    return server
