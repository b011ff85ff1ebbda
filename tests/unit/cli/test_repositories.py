"""Repositories are shown without what opens them."""

import pytest

from reconciler.cli.repositories import Registered, described, repository_secret
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


def test_a_template_is_a_secret_of_its_own_type() -> None:
    template = RepositorySecret.parse(repository_secret(URL, Registered(template=True), {}))
    assert template.is_template
    assert described(template)["kind"] == "template"
