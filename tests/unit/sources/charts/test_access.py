"""Which Secret opens a repository of charts."""

from typing import Any

import pytest

from reconciler.errors import SpecError
from reconciler.models.secrets import RepositorySecret
from reconciler.models.words import SECRET_TYPE
from reconciler.sources.credentials import Access, Trust, access_for
from reconciler.sources.urls import canonical_url, chart_url, source_url


def a_secret(url: str, *, kind: str = "repository", **values: Any) -> RepositorySecret:
    given = {"url": url, "type": "helm", "password": "x", "secret_name": "s", "labels": {SECRET_TYPE: kind}}
    return RepositorySecret.model_validate(given | values)


def opened(url: str, *secrets: RepositorySecret) -> Access:
    return access_for(chart_url(url), secrets, "p", trust=Trust({"charts.corp": "PEM"}))


@pytest.mark.parametrize(
    ("written", "identity"),
    [
        ("https://Charts.corp/stable/", "helm+https://charts.corp/stable"),
        ("https://charts.corp", "helm+https://charts.corp"),
        ("http://charts.corp:8080", "helm+http://charts.corp:8080"),
        ("registry.corp/team", "oci://registry.corp/team"),
        ("registry.corp:5000/team", "oci://registry.corp:5000/team"),
        ("OCI://Registry.corp/Team", "oci://registry.corp/Team"),
    ],
)
def test_repositories_of_charts_are_no_git_repositories(written: str, identity: str) -> None:
    assert source_url(written, "web") == chart_url(written) == identity
    with pytest.raises(SpecError):
        canonical_url(identity)


def test_an_address_without_a_chart_is_git_s_but_for_oci() -> None:
    assert source_url("https://host/a", "") == "https://host/a"
    assert source_url("oci://host/a", "") == "oci://host/a"


@pytest.mark.parametrize(
    "url", ["file:///srv", "ssh://git@host/x", "git@host:x", "s3://bucket", "https://u:p@host/x", "-x"]
)
def test_charts_come_from_nowhere_else(url: str) -> None:
    with pytest.raises(SpecError):
        chart_url(url)


def test_a_secret_opens_the_repository_of_its_own_kind() -> None:
    assert opened("https://charts.corp/a", a_secret("https://charts.corp/a")).password == "x"
    assert opened("https://charts.corp/a", a_secret("https://charts.corp/a", type="git")).password == ""
    assert access_for("https://charts.corp/a", [a_secret("https://charts.corp/a")], "p").password == ""


def test_enable_oci_says_that_an_https_address_is_a_registry() -> None:
    secret = a_secret("https://registry.corp/team", enableOCI="true")
    assert opened("registry.corp/team", secret).password == "x"
    assert opened("https://registry.corp/team", secret).password == ""
    assert opened("registry.corp/team", a_secret("https://registry.corp/team")).password == ""
    assert opened("registry.corp/team", a_secret("registry.corp/team", type="oci")).password == "x"
    assert opened("oci://registry.corp/team", a_secret("registry.corp/team", type="oci")).password == "x"


@pytest.mark.parametrize(
    ("url", "is_covered"),
    [
        ("registry.corp/team", True),
        ("registry.corp/team/charts", True),
        ("registry.corp/team-2", False),
        ("registry.corp:5000/team", False),
        ("registry.corp.evil.test/team", False),
        ("registry.corp@evil.test/team", False),
    ],
)
def test_a_template_covers_whole_segments_of_its_own_host(url: str, is_covered: bool) -> None:
    template = a_secret("registry.corp/team", kind="repo-creds", type="oci")
    assert bool(opened(url, template).password) == is_covered


def test_the_longest_template_counts() -> None:
    templates = [
        a_secret("https://charts.corp", kind="repo-creds"),
        a_secret("https://charts.corp/team", kind="repo-creds", password="team"),
        a_secret("https://charts.corp/team/other", kind="repo-creds", password="other"),
    ]
    assert opened("https://charts.corp/team/web", *templates).password == "team"


def test_a_registry_is_spoken_to_without_tls_where_its_secret_says_so() -> None:
    plain = a_secret("registry.corp/team", type="oci", insecureOCIForceHttp="true")
    assert opened("registry.corp/team", plain).origin == "http://registry.corp"
    assert opened("registry.corp/team").origin == "https://registry.corp"
    assert opened("docker.io/team").origin == "https://registry-1.docker.io"


def test_trust_is_known_for_every_host() -> None:
    access = opened("https://charts.corp/a", a_secret("https://mirror.corp:8443/b"))
    assert (access.ca_pem, dict(access.cas)) == ("PEM", {"charts.corp": "PEM"})
    assert access.neighbours == {"mirror.corp:8443"}
