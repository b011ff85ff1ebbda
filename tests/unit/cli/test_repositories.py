"""Repositories are shown without what opens them."""

import pytest

from reconciler.cli.repositories import Kind, Registered, described, repository_secret
from reconciler.models.secrets import RepositorySecret

URL = "https://git.example/shop.git"


@pytest.mark.parametrize(
    ("data", "means"),
    [
        ({}, "none"),
        ({"username": "bot", "password": "s3cret"}, "user bot"),
        ({"bearerToken": "s3cret"}, "bearer token"),
        ({"sshPrivateKey": "s3cret"}, "ssh key"),
    ],
)
def test_the_list_says_how_a_repository_is_entered_and_never_with_what(data: dict[str, str], means: str) -> None:
    shown = described(RepositorySecret.parse(repository_secret(URL, Registered(name="shop"), data)))
    assert shown["credentials"] == means
    assert "s3cret" not in str(shown)


def test_a_repository_of_charts_says_so_in_its_secret() -> None:
    registered = Registered(kind=Kind.OCI, plain_http=True)
    secret = RepositorySecret.parse(repository_secret("registry.example/charts", registered, {}))
    assert (secret.type, secret.insecure_oci_force_http, described(secret)["type"]) == ("oci", True, "oci")


def test_a_template_is_a_secret_of_its_own_type() -> None:
    template = RepositorySecret.parse(repository_secret(URL, Registered(template=True), {}))
    assert template.is_template
    assert described(template)["kind"] == "template"
