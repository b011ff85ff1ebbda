"""Logins that are exchanged for short-lived tokens: what is to be asked of whom, and how its answer is used.

Argo CD: repository Secrets of GitHub Apps, of Azure service principals and workload identities, and of Google Cloud
service accounts. Pure but for `sign`: time and environment are arguments.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Protocol
from urllib.parse import quote, urlencode

import orjson
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from reconciler.errors import SourceError

GITHUB_API: Final = "https://api.github.com"
AZURE_LOGIN: Final = "https://login.microsoftonline.com"
AZURE_DEVOPS: Final = "499b84ac-1321-427f-aa17-267ca6975798/.default"
GOOGLE_SCOPES: Final = "https://www.googleapis.com/auth/userinfo.email https://www.googleapis.com/auth/cloud-platform"
ASSERTION_S: Final = 540
"""How long an assertion of ours counts. GitHub takes ten minutes at most."""

SKEW_S: Final = 60
"""Clocks differ: an assertion begins a little earlier."""

USUAL_S: Final = 3600.0


@dataclass(frozen=True, slots=True)
class Call:
    """One request to a token server. Without a body it is a GET."""

    url: str
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    body: bytes | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Token:
    """What opens the repository, for so long. Either user and password, or the bearer."""

    lifetime_s: float
    username: str = ""
    password: str = field(default="", repr=False)
    bearer: str = field(default="", repr=False)


class Exchange(Protocol):
    """A login that gives tokens. Hashable, so that tokens can be kept by it."""

    @property
    def words(self) -> str:
        """What messages call it."""

    def call(self, now_s: float, environment: Mapping[str, str], found: str) -> Call:
        """The request for a token; `found` is what `search` gave. Raises SourceError for a key that cannot sign."""

    def token(self, answer: Mapping[str, Any], now_s: float) -> Token:
        """Reads the answer. Raises KeyError, ValueError, TypeError for one that is none."""

    def search(self, now_s: float) -> Call | None:
        """A request that has to be made first, or None."""


@dataclass(frozen=True, slots=True)
class GitHubApp:
    """`owner` is the user or organisation whose installation is looked for where none is named."""

    app_id: int
    installation_id: int
    key: str = field(repr=False)
    api: str
    owner: str
    words: str = "its GitHub App"

    def search(self, now_s: float) -> Call | None:
        if self.installation_id:
            return None
        return Call(f"{self.api}/app/installations?per_page=100", self._headers(now_s))

    def installation(self, answer: object) -> str:
        """The number of the owner's installation in a list of them. Raises SourceError."""
        for one in answer if isinstance(answer, list) else ():
            if str((one.get("account") or {}).get("login", "")).lower() == self.owner.lower():
                return str(one["id"])
        raise SourceError(f"GitHub App {self.app_id} is not installed for {self.owner}; install it there")

    def call(self, now_s: float, environment: Mapping[str, str], found: str) -> Call:
        del environment
        number = self.installation_id or found
        return Call(f"{self.api}/app/installations/{number}/access_tokens", self._headers(now_s), b"")

    def token(self, answer: Mapping[str, Any], now_s: float) -> Token:
        ends = datetime.fromisoformat(str(answer["expires_at"]).replace("Z", "+00:00")).timestamp()
        return Token(ends - now_s, "x-access-token", str(answer["token"]))

    def _headers(self, now_s: float) -> Mapping[str, str]:
        claims = {"iss": str(self.app_id), "iat": int(now_s) - SKEW_S, "exp": int(now_s) + ASSERTION_S}
        signed = sign(self.key, claims, "githubAppPrivateKey")
        return {"Authorization": f"Bearer {signed}", "Accept": "application/vnd.github+json"}


@dataclass(frozen=True, slots=True)
class AzurePrincipal:
    """A service principal with a secret."""

    tenant: str
    client: str
    secret: str = field(repr=False)
    login: str
    words: str = "its Azure service principal"

    def search(self, now_s: float) -> Call | None:
        del now_s
        return None

    def call(self, now_s: float, environment: Mapping[str, str], found: str) -> Call:
        del now_s, environment, found
        return _azure(self.login, self.tenant, {"client_id": self.client, "client_secret": self.secret})

    def token(self, answer: Mapping[str, Any], now_s: float) -> Token:
        del now_s
        return Token(_lifetime(answer), bearer=str(answer["access_token"]))


@dataclass(frozen=True, slots=True)
class AzureWorkload:
    """The identity that the cluster gives to our own pod, by the usual variables of its environment."""

    words: str = "the Azure workload identity of this process"

    def search(self, now_s: float) -> Call | None:
        del now_s
        return None

    def call(self, now_s: float, environment: Mapping[str, str], found: str) -> Call:
        del now_s, found
        names = ("AZURE_TENANT_ID", "AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE")
        missing = [name for name in names if not environment.get(name)]
        if missing:
            raise SourceError(f"this process has no Azure workload identity: {', '.join(missing)} is not set")
        tenant, client, file = (environment[name] for name in names)
        try:
            assertion = Path(file).read_text().strip()
        except OSError as error:
            raise SourceError(f"the token of the Azure workload identity cannot be read ({error.strerror})") from error
        kind = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
        form = {"client_id": client, "client_assertion_type": kind, "client_assertion": assertion}
        return _azure(environment.get("AZURE_AUTHORITY_HOST", ""), tenant, form)

    def token(self, answer: Mapping[str, Any], now_s: float) -> Token:
        del now_s
        return Token(_lifetime(answer), bearer=str(answer["access_token"]))


@dataclass(frozen=True, slots=True)
class GoogleAccount:
    """A service account by its key file."""

    file: str = field(repr=False)
    words: str = "its Google Cloud service account"

    def search(self, now_s: float) -> Call | None:
        del now_s
        return None

    def call(self, now_s: float, environment: Mapping[str, str], found: str) -> Call:
        del environment, found
        account = self._account()
        url = str(account["token_uri"])
        claims = {
            "iss": account["client_email"],
            "aud": url,
            "scope": GOOGLE_SCOPES,
            "iat": int(now_s) - SKEW_S,
            "exp": int(now_s) + ASSERTION_S,
        }
        assertion = sign(str(account["private_key"]), claims, "gcpServiceAccountKey")
        return _form(url, {"grant_type": "urn:ietf:params:oauth:grant-type:jwt-bearer", "assertion": assertion})

    def token(self, answer: Mapping[str, Any], now_s: float) -> Token:
        del now_s
        return Token(_lifetime(answer), str(self._account()["client_email"]), str(answer["access_token"]))

    def _account(self) -> Mapping[str, Any]:
        try:
            account = orjson.loads(self.file)
            return {name: account[name] for name in ("client_email", "private_key", "token_uri")}
        except (ValueError, KeyError, TypeError) as error:
            raise SourceError("gcpServiceAccountKey is no key file of a service account") from error


def sign(pem: str, claims: Mapping[str, object], name: str) -> str:
    """A JSON web token signed by RS256. Raises SourceError naming the key of the Secret, never what it holds."""
    try:
        key = serialization.load_pem_private_key(pem.encode(), None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise SourceError(f"{name} is no PEM private key without a passphrase") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SourceError(f"{name} is no RSA key")
    text = ".".join(_web64(orjson.dumps(part)) for part in ({"alg": "RS256", "typ": "JWT"}, dict(claims)))
    return f"{text}.{_web64(key.sign(text.encode(), padding.PKCS1v15(), hashes.SHA256()))}"


def _azure(login: str, tenant: str, form: Mapping[str, str]) -> Call:
    url = f"{(login or AZURE_LOGIN).rstrip('/')}/{quote(tenant, safe='')}/oauth2/v2.0/token"
    return _form(url, {"grant_type": "client_credentials", "scope": AZURE_DEVOPS, **form})


def _form(url: str, form: Mapping[str, str]) -> Call:
    return Call(url, {"Content-Type": "application/x-www-form-urlencoded"}, urlencode(form).encode())


def _lifetime(answer: Mapping[str, Any]) -> float:
    return float(answer.get("expires_in") or USUAL_S)


def _web64(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
