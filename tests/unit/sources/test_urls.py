"""Repository addresses: what passes, what does not, and what is the same."""

import pytest

from reconciler.errors import SpecError
from reconciler.sources.urls import canonical_url, check_url, lookup_key, same_repository


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("https://GitHub.com/Org/Repo.git", "https://github.com/Org/Repo.git"),
        ("HTTPS://user@github.com:443/org/repo/", "https://github.com/org/repo"),
        ("http://git.corp:8080/a/b", "http://git.corp:8080/a/b"),
        ("ssh://git@host:22/a/b.git", "ssh://git@host/a/b.git"),
        ("git@GitHub.com:org/repo.git", "git@github.com:org/repo.git"),
        ("  https://host/a ", "https://host/a"),
        ("https://[::1]:3000/a", "https://[::1]:3000/a"),
        ("ssh://git@[2001:db8::1]:2222/a", "ssh://git@[2001:db8::1]:2222/a"),
    ],
)
def test_an_address_keeps_what_leads_to_the_repository_and_nothing_else(written: str, canonical: str) -> None:
    assert canonical_url(written) == canonical
    assert canonical_url(canonical) == canonical


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc",
        "/srv/repo",
        "../repo",
        "ext::sh -c id",
        "git://host/repo",
        "git:host/repo",
        "-uhttps://host/x",
        "--upload-pack=x",
        "ssh://-oProxyCommand=x/y",
        "-oProxyCommand=x@host:y",
        "git@-host:y",
        "git@host:-x",
        "https://host/a%0ab",
        "https://host/a%00",
        "https://host/%2e%2e/secret",
        "https://host/a/../../b",
        "https://host/",
        "https://host",
        "https:///repo",
        "https://host/a?x=1",
        "https://host/a#b",
        "https://host/a b",
        "https://host\\@evil/a",
        "https://g\u0131thub.com/a",
        "https://host:port/a",
        "https://user:secret@host/a",
        "oci://registry/chart",
        "javascript:alert(1)",
        "https://[::1/a",
        "https://" + "a" * 3000,
        "",
        "\n",
    ],
)
def test_any_other_shape_is_refused(url: str) -> None:
    with pytest.raises(SpecError):
        check_url(url)


def test_a_refusal_never_shows_a_password() -> None:
    with pytest.raises(SpecError) as refused:
        check_url("https://user:hunter2@host/a")
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://github.com/org/repo", "git@github.com:Org/Repo.git"),
        ("ssh://git@ssh.github.com:443/org/repo.git", "https://github.com/org/repo"),
        ("https://altssh.gitlab.com/a/b", "https://gitlab.com/a/b.git"),
        ("http://host:3000/a", "http://host/a"),
    ],
)
def test_a_webhook_means_a_repository_by_any_of_its_names(one: str, other: str) -> None:
    assert same_repository(one, other)


@pytest.mark.parametrize(
    "other",
    ["https://github.com/org/repo2", "https://github.com.evil.test/org/repo", "https://github.com/x/org/repo", ""],
)
def test_other_repositories_stay_other(other: str) -> None:
    assert not same_repository("https://github.com/org/repo", other)


def test_credentials_are_looked_up_by_protocol_host_and_port() -> None:
    key = lookup_key("https://host/Org/Repo.git")
    assert key == lookup_key("https://host:443/org/repo")
    assert key != lookup_key("http://host/org/repo")
    assert key != lookup_key("https://host:8443/org/repo")
