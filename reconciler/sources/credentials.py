"""Which credentials open a repository. A secret goes only to the host, port and scheme that its Secret names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from hashlib import blake2b

from reconciler.errors import SourceError, SpecError
from reconciler.models.keys import RepoUrl
from reconciler.models.secrets import RepositorySecret
from reconciler.sources.exchanges import (
    GITHUB_API,
    AzurePrincipal,
    AzureWorkload,
    Exchange,
    GitHubApp,
    GoogleAccount,
)
from reconciler.sources.urls import GIT, HELM, Address, chart_url, parse_any, parse_url

_EXCHANGED = (
    "github_app_id",
    "gcp_service_account_key",
    "azure_service_principal_client_id",
    "use_azure_workload_identity",
)
"""Keys of logins that are exchanged for tokens."""

_READING = frozenset({"repository", "repo-creds"})
"""Kinds of Secrets that open a repository for reading; the others are for pushing and for finding repositories."""

ANONYMOUS = "anonymous"

REGISTRIES = {"docker.io": "registry-1.docker.io", "index.docker.io": "registry-1.docker.io"}
"""Registries that answer under another name than the one that everybody writes."""

_BELOW = "repository"
"""Stands for any repository below a template's URL, which may name a bare host and so is no repository URL itself."""


@dataclass(frozen=True, slots=True)
class Trust:
    """Whom the installation trusts: PEM bundles by host name, and the text of `ssh_known_hosts`."""

    tls_by_host: Mapping[str, str] = field(default_factory=dict)
    ssh_known_hosts: str = ""


@dataclass(frozen=True, slots=True)
class Access:
    """One repository and how to enter it. `repr` shows no secret; `owner` names the Secret, not what it holds."""

    url: RepoUrl
    owner: str = ANONYMOUS
    username: str = field(default="", repr=False)
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)
    ssh_key: str = field(default="", repr=False)
    client_certificate: str = field(default="", repr=False)
    client_key: str = field(default="", repr=False)
    ca_pem: str = field(default="", repr=False)
    insecure: bool = False
    proxy: str = field(default="", repr=False)
    no_proxy: str = ""
    lfs: bool = False
    """Whether pointers of Git LFS are followed."""

    plain_http: bool = False
    """Whether a registry is spoken to without TLS."""

    cas: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    """PEM bundles by host name, for the hosts that charts are fetched from beside their repository's own."""

    exchange: Exchange | None = field(default=None, repr=False)
    """What gives the token that is to be entered with: see sources.tokens."""

    neighbours: frozenset[str] = frozenset()
    """Hosts and ports that repository Secrets name: it may be led to them although they have private addresses."""

    @property
    def address(self) -> Address:
        return parse_any(self.url)

    @property
    def is_git(self) -> bool:
        return self.address.scheme in GIT

    @property
    def shown(self) -> str:
        """The address as people write it."""
        return self.url.removeprefix(HELM)

    @property
    def origin(self) -> str:
        """Scheme, host and port to connect to."""
        address = self.address
        if address.scheme != "oci":
            return f"{address.scheme.removeprefix(HELM)}://{address.authority}"
        authority = REGISTRIES.get(address.host, address.authority)
        return f"{'http' if self.plain_http else 'https'}://{authority}"

    @property
    def is_configured(self) -> bool:
        """Whether a Secret stands behind it."""
        return self.owner != ANONYMOUS

    @property
    def scope(self) -> str:
        """Names what this access may see: mirrors and cached trees are shared within a scope, never across.

        Whoever lacks the Secret therefore cannot reach, by naming a commit, what was fetched with it.
        The Secret's identity counts, not its content, so that a rotated password keeps the mirror.
        """
        return blake2b(f"{self.url}\0{self.owner}".encode(), digest_size=16).hexdigest()


def access_for(url: str, secrets: Sequence[RepositorySecret], project: str, *, trust: Trust | None = None) -> Access:
    """The access that an application of `project` has to a repository; anonymous when nothing matches. `url` is as
    written for Git, and an identity (`source_url`) for charts.

    Argo CD: the Secret of the same URL and project, else the unscoped one, never another project's; a Secret without
    credentials of its own, and a
    repository without a Secret, take the template with the longest matching URL. Raises SpecError (URL), SourceError
    (kind of credentials).
    """
    address, trust = parse_any(url), trust or Trust()
    own = _repository_secret(address, secrets, project)
    holder = own if own and _has_credentials(own) else _template(address, secrets, project) or own
    if holder is None:
        plain = Access(address.url, username=address.user, ca_pem=trust.tls_by_host.get(address.host, ""))
    else:
        plain = _access(address, holder, own or holder, trust)
    return plain if address.scheme in GIT else _led_on(plain, secrets, project, trust)


def accesses_for(url: str, secrets: Sequence[RepositorySecret], *, trust: Trust | None = None) -> tuple[Access, ...]:
    """Every distinct access that some project has to a repository, the unscoped one first."""
    projects = ["", *sorted({secret.project for secret in secrets if secret.project})]
    found = {access.scope: access for access in (access_for(url, secrets, name, trust=trust) for name in projects)}
    return tuple(found.values())


def _led_on(access: Access, secrets: Iterable[RepositorySecret], project: str, trust: Trust) -> Access:
    """The same, knowing what it may be led to: charts often lie elsewhere than their index."""
    usable = (_place(one, "") for one in secrets if one.project in ("", project))
    places = frozenset(place.place for place in usable if place)
    return replace(access, cas=tuple(sorted(trust.tls_by_host.items())), neighbours=places)


def _repository_secret(address: Address, secrets: Iterable[RepositorySecret], project: str) -> RepositorySecret | None:
    named = [
        one
        for one in secrets
        if not one.is_template
        and one.secret_type in _READING
        and (one.type == "git") == (address.scheme in GIT)
        and (place := _place(one, ""))
        and place.key == address.key
    ]
    scoped = [one for one in named if project and one.project == project]
    return next(iter(scoped or [one for one in named if not one.project]), None)


def _template(address: Address, secrets: Iterable[RepositorySecret], project: str) -> RepositorySecret | None:
    allowed = (
        one for one in secrets if one.secret_type in _READING and one.is_template and one.project in ("", project)
    )
    matching = [(depth, bool(one.project), one) for one in allowed if (depth := _depth(one, address)) >= 0]
    return max(matching, key=lambda found: found[:2])[2] if matching else None


def _depth(template: RepositorySecret, address: Address) -> int:
    """How many whole path segments of the address a template covers; -1 when it covers another place."""
    place = _place(template, f"/{_BELOW}", as_charts=address.scheme not in GIT)
    if place is None or (place.scheme, place.authority) != (address.scheme, address.authority):
        return -1
    segments = place.bare_path.split("/")[:-1]
    return len(segments) if address.bare_path.split("/")[: len(segments)] == segments else -1


def _place(secret: RepositorySecret, below: str, *, as_charts: bool = False) -> Address | None:
    """Where a Secret leads, or something below it; None for what is no address."""
    url = secret.url.strip().rstrip("/") + below
    try:
        if secret.type == "git" and not as_charts:
            return parse_url(url)
        return parse_any(chart_url(url, is_oci=secret.enable_oci or secret.type == "oci"))
    except SpecError:
        return None


def _has_credentials(secret: RepositorySecret) -> bool:
    plain = (secret.username, secret.password, secret.bearer_token, secret.ssh_private_key, secret.tls_client_cert_data)
    return any(plain) or any(getattr(secret, name) for name in _EXCHANGED)


def _access(address: Address, holder: RepositorySecret, own: RepositorySecret, trust: Trust) -> Access:
    return Access(
        url=address.url,
        owner=f"{holder.namespace}/{holder.secret_name}/{holder.uid}",
        username=holder.username or address.user,
        password=holder.password,
        bearer=holder.bearer_token,
        ssh_key=holder.ssh_private_key,
        client_certificate=holder.tls_client_cert_data,
        client_key=holder.tls_client_cert_key,
        ca_pem=trust.tls_by_host.get(address.host, ""),
        insecure=own.insecure or own.insecure_ignore_host_key,
        proxy=own.proxy or holder.proxy,
        no_proxy=own.no_proxy or holder.no_proxy,
        plain_http=own.insecure_oci_force_http or holder.insecure_oci_force_http,
        exchange=_exchange(address, holder),
        lfs=own.enable_lfs,
    )


def _exchange(address: Address, holder: RepositorySecret) -> Exchange | None:
    """The login to be exchanged, in Argo CD's order. Raises SourceError where it leads over an unencrypted way."""
    plain = holder.password or holder.bearer_token or holder.ssh_private_key
    if plain or not any(getattr(holder, name) for name in _EXCHANGED):
        return None
    if address.scheme not in ("https", "http"):
        raise SourceError(f"Secret {holder.secret_name} holds a login for https, and {address.url} is none")
    if holder.github_app_id:
        api = (holder.github_app_enterprise_base_url or GITHUB_API).rstrip("/")
        owner = address.bare_path.split("/")[0]
        return GitHubApp(
            holder.github_app_id, holder.github_app_installation_id, holder.github_app_private_key, api, owner
        )
    if holder.gcp_service_account_key:
        return GoogleAccount(holder.gcp_service_account_key)
    if holder.azure_service_principal_client_id:
        return AzurePrincipal(
            tenant=holder.azure_service_principal_tenant_id,
            client=holder.azure_service_principal_client_id,
            secret=holder.azure_service_principal_client_secret,
            login=holder.azure_active_directory_endpoint,
        )
    return AzureWorkload()
