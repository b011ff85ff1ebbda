"""An OCI registry on 127.0.0.1, as far as reading needs one: tags, manifests, blobs, and tokens for a login."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from urllib.parse import parse_qs, urlsplit

from reconciler.sandbox.charthttp import Asked, ChartHttp, Told

CHART_CONFIG = "application/vnd.cncf.helm.config.v1+json"
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
FILES_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
PAGE = 100


class Registry:
    """Repositories by name. With a `login`, tokens are given for it at `/token`; `host` is what `oci://` takes."""

    def __init__(self, *, login: tuple[str, str] | None = None) -> None:
        self.login = login
        self.blobs: dict[str, bytes] = {}
        self.manifests: dict[tuple[str, str], str] = {}
        """Digest by repository and tag."""

        self._token = secrets.token_urlsafe(12)
        self.http = ChartHttp(self._route)
        self.realm = f"{self.http.url}/token"

    @property
    def host(self) -> str:
        return self.http.url.removeprefix("http://")

    def start(self) -> None:
        self.http.start()

    def stop(self) -> None:
        self.http.stop()

    def push(self, name: str, tag: str, *layers: tuple[str, bytes]) -> str:
        """Stores layers by media type and content under a tag, and gives the manifest's digest."""
        described = [
            {"mediaType": kind, "digest": self._stored(content), "size": len(content)} for kind, content in layers
        ]
        config = {"mediaType": CHART_CONFIG, "digest": self._stored(b"{}"), "size": 2}
        manifest = {"schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": described}
        digest = self._stored(json.dumps(manifest).encode())
        self.manifests[name, tag] = digest
        return digest

    def push_chart(self, name: str, version: str, archive: bytes) -> str:
        """What `helm push` does."""
        return self.push(name, version.replace("+", "_"), (CHART_LAYER, archive))

    def _stored(self, content: bytes) -> str:
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.blobs[digest] = content
        return digest

    def _route(self, asked: Asked) -> Told:
        address = urlsplit(asked.path)
        if address.path == "/token":
            return self._tokens(asked)
        if self.login and asked.headers.get("authorization") != f"Bearer {self._token}":
            challenge = f'Bearer realm="{self.realm}",service="sandbox"'
            return Told(401, headers={"WWW-Authenticate": challenge})
        name, _, rest = address.path.removeprefix("/v2/").rpartition("/")
        name, _, kind = name.rpartition("/")
        if kind == "tags":
            return self._tags(name, parse_qs(address.query))
        return self._manifest(name, rest) if kind == "manifests" else self._blob(rest)

    def _tokens(self, asked: Asked) -> Told:
        if not asked.is_entered_by(self.login):
            return Told(401)
        return _json({"token": self._token, "expires_in": 300})

    def _tags(self, name: str, query: Mapping[str, list[str]]) -> Told:
        tags = sorted(tag for repository, tag in self.manifests if repository == name)
        if not tags:
            return Told(404)
        last = query.get("last", [""])[0]
        page = [tag for tag in tags if tag > last][:PAGE]
        more = page and page[-1] != tags[-1]
        link = {"Link": f'</v2/{name}/tags/list?last={page[-1]}&n={PAGE}>; rel="next"'} if more else {}
        return _json({"name": name, "tags": page}, link)

    def _manifest(self, name: str, reference: str) -> Told:
        digest = self.manifests.get((name, reference), reference)
        body = self.blobs.get(digest)
        if body is None:
            return Told(404)
        return Told(body=body, headers={"Content-Type": MANIFEST, "Docker-Content-Digest": digest})

    def _blob(self, digest: str) -> Told:
        body = self.blobs.get(digest)
        return Told(404) if body is None else Told(body=body)


def _json(body: object, headers: Mapping[str, str] | None = None) -> Told:
    return Told(body=json.dumps(body).encode(), headers={"Content-Type": "application/json", **(headers or {})})


def start_registry(*, login: tuple[str, str] | None = None) -> Registry:
    """An empty registry, served until `stop`."""
    registry = Registry(login=login)
    registry.start()
    return registry
