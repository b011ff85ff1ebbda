"""Cluster and repository Secrets in Argo CD's format, decoded. `repr` never shows a secret, nor does an error.

Source: Argo CD 3.6, declarative set-up.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, Json, ValidationError, model_validator
from pydantic.alias_generators import to_camel

from reconciler.errors import SpecError
from reconciler.models.keys import ClusterUrl
from reconciler.models.manifest import JsonObject
from reconciler.models.wire import Flag as JsonFlag
from reconciler.models.wire import describe, spec_error
from reconciler.models.words import SECRET_TYPE, SKIP_RECONCILE, TRUE

SecretType = Literal["repository", "repo-creds", "repository-write", "repo-write-creds", "scm-creds"]
RepositoryType = Literal["git", "helm", "oci"]

_TRUE = frozenset({"1", "t", "T", "TRUE", "true", "True"})
_FALSE = frozenset({"", "0", "f", "F", "FALSE", "false", "False"})


def _flag(text: object) -> bool:
    """Reads Go's spellings of a truth value; empty is false."""
    if text in _TRUE:
        return True
    if text in _FALSE:
        return False
    raise ValueError("must be true or false")


def _number(text: object) -> int:
    try:
        return int(str(text) or "0")
    except ValueError:
        raise ValueError("must be a whole number") from None


def _decoded(text: object) -> bytes:
    """Reads base64 as Go writes bytes in JSON."""
    try:
        return base64.b64decode(str(text or ""), validate=True)
    except binascii.Error:
        raise ValueError("must be base64") from None


def _listed(text: object) -> tuple[str, ...]:
    return tuple(filter(None, (item.strip() for item in str(text).split(","))))


Flag = Annotated[bool, BeforeValidator(_flag)]
Number = Annotated[int, BeforeValidator(_number)]
Pem = Annotated[bytes, BeforeValidator(_decoded)]
Listed = Annotated[tuple[str, ...], BeforeValidator(_listed)]
Server = Annotated[ClusterUrl, BeforeValidator(lambda url: str(url).rstrip("/"))]


class _Decoded(BaseModel):
    model_config = ConfigDict(
        extra="ignore", frozen=True, alias_generator=to_camel, validate_by_name=True, hide_input_in_errors=True
    )

    @model_validator(mode="before")
    @classmethod
    def _null_is_absent(cls, given: object) -> object:
        return {name: value for name, value in given.items() if value is not None} if isinstance(given, dict) else given


class TlsConfig(_Decoded):
    """TLS towards an API server; PEM bytes, empty where none is given."""

    insecure: JsonFlag = False
    server_name: str = ""
    ca_pem: Pem = Field(b"", alias="caData")
    certificate_pem: Pem = Field(b"", alias="certData")
    key_pem: Pem = Field(b"", alias="keyData", repr=False)


class ClusterConfig(_Decoded):
    """How to reach and enter a cluster: key `config` of a cluster Secret."""

    username: str | None = Field(None, repr=False)
    password: str | None = Field(None, repr=False)
    bearer_token: str | None = Field(None, repr=False)
    tls: TlsConfig = Field(TlsConfig(), alias="tlsClientConfig")
    aws_auth: JsonObject | None = Field(None, alias="awsAuthConfig")
    exec_provider: JsonObject | None = Field(None, alias="execProviderConfig", repr=False)
    disable_compression: JsonFlag = False
    proxy_url: str | None = Field(None, repr=False)


class _SecretObject(_Decoded):
    """The Secret's own metadata: `secret_name` and `namespace` say where it lies."""

    secret_name: str = ""
    namespace: str = ""
    uid: str = ""
    resource_version: str = ""
    labels: dict[str, str] = Field(default_factory=dict)
    annotations: dict[str, str] = Field(default_factory=dict)

    @classmethod
    def parse(cls, secret: Mapping[str, Any]) -> Self:
        """Reads a Secret as the API server gives it. Raises SpecError naming the Secret and the key, never a value."""
        metadata = secret.get("metadata") or {}
        own = {
            "secretName": metadata.get("name", ""),
            "namespace": metadata.get("namespace", ""),
            "uid": metadata.get("uid", ""),
            "resourceVersion": metadata.get("resourceVersion", ""),
            "labels": metadata.get("labels") or {},
            "annotations": metadata.get("annotations") or {},
        }
        try:
            return cls.model_validate({**decoded_data(secret), **own}, by_alias=True, by_name=False)
        except ValidationError as error:
            raise spec_error(describe(secret), error.errors(include_url=False)) from None


class ClusterSecret(_SecretObject):
    """One destination cluster. `server` has no trailing slash; `namespaces` empty means all of them."""

    name: str = ""
    server: Server
    namespaces: Listed = ()
    cluster_resources: Flag = False
    project: str = ""
    shard: Number | None = None
    config: Json[ClusterConfig] = ClusterConfig()

    @property
    def skip_reconcile(self) -> bool:
        """Whether all applications of this cluster are paused."""
        return self.annotations.get(SKIP_RECONCILE) == TRUE


class RepositorySecret(_SecretObject):
    """One repository, or a template of credentials for every repository below `url` (`repo-creds`)."""

    url: str
    name: str = ""
    type: RepositoryType = "git"
    project: str = ""
    username: str = Field("", repr=False)
    password: str = Field("", repr=False)
    bearer_token: str = Field("", repr=False)
    ssh_private_key: str = Field("", repr=False)
    tls_client_cert_data: str = Field("", repr=False)
    tls_client_cert_key: str = Field("", repr=False)
    github_app_id: Number = Field(0, alias="githubAppID")
    github_app_installation_id: Number = Field(0, alias="githubAppInstallationID")
    github_app_private_key: str = Field("", repr=False)
    github_app_enterprise_base_url: str = ""
    gcp_service_account_key: str = Field("", repr=False)
    azure_service_principal_client_id: str = ""
    azure_service_principal_client_secret: str = Field("", repr=False)
    azure_service_principal_tenant_id: str = ""
    azure_active_directory_endpoint: str = ""
    use_azure_workload_identity: Flag = False
    proxy: str = Field("", repr=False)
    no_proxy: str = ""
    insecure: Flag = False
    insecure_ignore_host_key: Flag = False
    enable_lfs: Flag = False
    force_http_basic_auth: Flag = False
    enable_oci: Flag = Field(False, alias="enableOCI")
    insecure_oci_force_http: Flag = Field(False, alias="insecureOCIForceHttp")
    depth: Number = 0
    webhook_manifest_cache_warm_disabled: Flag = False

    @property
    def secret_type(self) -> SecretType:
        """What the Secret's label says it is; a Secret without the label is taken for a repository."""
        return self.labels.get(SECRET_TYPE, "repository")  # type: ignore[return-value]  # the catalog selects by label

    @property
    def is_template(self) -> bool:
        """Whether it gives credentials to every repository whose URL starts with `url`."""
        return self.secret_type in ("repo-creds", "repo-write-creds")


# Argo CD: credential templates spell two keys with a capital D, repository Secrets do not.
_TEMPLATE_SPELLING = {
    "azureServicePrincipalClientID": "azureServicePrincipalClientId",
    "azureServicePrincipalTenantID": "azureServicePrincipalTenantId",
}


def decoded_data(secret: Mapping[str, Any]) -> dict[str, str]:
    """The Secret's text by key, `stringData` over `data`; absent and empty are the same. Raises SpecError."""
    text = {key: _text(secret, key, value) for key, value in (secret.get("data") or {}).items()}
    text |= secret.get("stringData") or {}
    return {_TEMPLATE_SPELLING.get(key, key): value for key, value in text.items() if value}


def _text(secret: Mapping[str, Any], key: str, value: object) -> str:
    try:
        return base64.b64decode(str(value or ""), validate=True).decode()
    except ValueError:
        raise SpecError(f"{describe(secret)}: data.{key} is not base64 of UTF-8 text") from None
