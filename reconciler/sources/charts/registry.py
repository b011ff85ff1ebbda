"""An OCI registry: the tags of a repository, a manifest, and the one layer of it that is content.

Everything is checked by its digest. Argo CD 3.6: OCI sources, and Helm charts in registries.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TypeVar
from urllib.parse import urljoin

import msgspec

from reconciler.errors import SourceError
from reconciler.sources.charts import web
from reconciler.sources.charts.limits import ChartLimits
from reconciler.sources.charts.tokens import Tokens
from reconciler.sources.credentials import Access
from reconciler.sources.transport import Deadline, NotThere

MANIFESTS = ("application/vnd.oci.image.manifest.v1+json", "application/vnd.docker.distribution.manifest.v2+json")
CHART_LAYER = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"
LAYERS: Mapping[str, bool] = {
    CHART_LAYER: True,
    "application/vnd.oci.image.layer.v1.tar": False,
    "application/vnd.oci.image.layer.v1.tar+gzip": False,
}
"""Media types of content, and whether it lies in one folder that does not count. Argo CD: the default list."""

MAX_TAGS = 100_000
MAX_PAGES = 200
PAGE = 1000
Told = TypeVar("Told", bound=msgspec.Struct)

_NEXT = re.compile(r'<([^>]+)>\s*;\s*rel="?next"?')
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


class Descriptor(msgspec.Struct, frozen=True, rename="camel"):
    """What a manifest says of one layer."""

    media_type: str = ""
    digest: str = ""
    size: int = 0


class _Manifest(msgspec.Struct, frozen=True, rename="camel"):
    media_type: str = ""
    layers: list[Descriptor] = []
    manifests: list[msgspec.Raw] = []


class _Tags(msgspec.Struct, frozen=True):
    tags: list[str] | None = None


@dataclass(frozen=True, slots=True)
class Artifact:
    """A manifest by its digest, and its one layer of content."""

    digest: str
    layer: Descriptor

    @property
    def is_chart(self) -> bool:
        return LAYERS[self.layer.media_type]


class Registries:
    """OCI registries for one process. Thread-safe. `name` is the repository within the registry."""

    def __init__(self, limits: ChartLimits) -> None:
        self._limits = limits
        self._tokens = Tokens(limits)

    def tags(self, access: Access, name: str) -> list[str]:
        """Every tag. Raises SourceError, SourceUnavailable."""
        deadline = Deadline(self._limits.index_s)
        url, found = f"{_base(access)}/{name}/tags/list?n={PAGE}", list[str]()
        for _ in range(MAX_PAGES):
            reply = self._get(access, name, web.Errand(url, self._limits.manifest_bytes), deadline)
            found += _decoded(reply.body, _Tags, access, "list of tags").tags or []
            following = _NEXT.search(reply.headers.get("link", ""))
            if following is None or len(found) > MAX_TAGS:
                break
            url = urljoin(url, following[1])
            if web.origin(url) != access.origin:
                raise SourceError(f"{access.shown}: the list of tags goes on at another host")
        if len(found) > MAX_TAGS:
            raise SourceError(f"{access.shown}: {name} has more than {MAX_TAGS} tags; name one, or a digest")
        return found

    def artifact(self, access: Access, name: str, reference: str) -> Artifact:
        """What a tag or a digest stands for. Raises SourceError, SourceUnavailable."""
        what = f"{access.address.authority}/{name}:{reference}"
        headers = {"Accept": ", ".join(MANIFESTS)}
        url = f"{_base(access)}/{name}/manifests/{reference}"
        errand = web.Errand(url, self._limits.manifest_bytes, headers=headers)
        try:
            reply = self._get(access, name, errand, Deadline(self._limits.index_s))
        except NotThere as error:
            raise NotThere(f"{what} is not found in the registry, or not for this access") from error
        digest = f"sha256:{hashlib.sha256(reply.body).hexdigest()}"
        told = reference if ":" in reference else reply.headers.get("docker-content-digest", digest)
        if told != digest and told.startswith("sha256:"):
            raise SourceError(f"{what}: the registry gives another manifest than its digest names")
        return Artifact(digest, _layer(_decoded(reply.body, _Manifest, access, "manifest"), what))

    def blob(self, access: Access, name: str, layer: Descriptor) -> bytes:
        """The content of a layer. Raises SourceError (its digest is another), SourceUnavailable."""
        what = f"{access.address.authority}/{name}: layer {layer.digest}"
        if layer.size > self._limits.archive_bytes:
            raise SourceError(f"{what} is larger than {self._limits.archive_bytes} bytes")
        url = f"{_base(access)}/{name}/blobs/{layer.digest}"
        errand = web.Errand(url, self._limits.archive_bytes, is_packed=True)
        data = self._get(access, name, errand, Deadline(self._limits.archive_s)).body
        if f"sha256:{hashlib.sha256(data).hexdigest()}" != layer.digest:
            raise SourceError(f"{what}: the registry gives other content than the digest names")
        return data

    def _get(self, access: Access, name: str, errand: web.Errand, deadline: Deadline) -> web.Reply:
        scope = f"repository:{name}:pull"
        reply = self._asked(access, errand, self._tokens.known(access, scope), deadline)
        if reply.status == 401:
            header = self._tokens.entered(access, scope, reply.headers.get("www-authenticate", ""), deadline)
            reply = self._asked(access, errand, header, deadline)
        if reply.status == 401:
            told = "its Secret's credentials were refused" if web.login(access) else "it asks for credentials"
            raise SourceError(f"{access.shown}: {told}; check the repository Secret for this URL and project")
        return reply

    def _asked(self, access: Access, errand: web.Errand, header: str, deadline: Deadline) -> web.Reply:
        asked = replace(errand, authorization=header, accepts=frozenset({401}))
        return web.get(access, asked, deadline, self._limits.timeouts)


def _layer(manifest: _Manifest, what: str) -> Descriptor:
    if manifest.manifests:
        raise SourceError(f"{what} is an index of images for several platforms, not an artifact")
    found = [layer for layer in manifest.layers if layer.media_type in LAYERS]
    if len(found) != 1:
        types = ", ".join(dict.fromkeys(layer.media_type for layer in manifest.layers))[:300] or "none"
        raise SourceError(
            f"{what} has {len(found)} layers of content where exactly one is expected; the types of its layers: {types}"
        )
    if not _DIGEST.fullmatch(found[0].digest):
        raise SourceError(f"{what}: the digest of its layer is not SHA-256")
    return found[0]


def _decoded(body: bytes, kind: type[Told], access: Access, what: str) -> Told:
    try:
        return msgspec.json.decode(body, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise SourceError(f"{access.shown}: the registry's {what} does not read: {str(error)[:200]}") from error


def _base(access: Access) -> str:
    return f"{access.origin}/v2"
