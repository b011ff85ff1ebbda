"""A secret goes where its Secret says, and nowhere else."""

from typing import Any

import pytest

from reconciler.models.secrets import RepositorySecret
from reconciler.models.words import SECRET_TYPE
from reconciler.sources.credentials import Trust, access_for, accesses_for

REPO = "https://git.corp/team/app"


def a_secret(url: str = REPO, *, kind: str = "repository", name: str = "s", **values: Any) -> RepositorySecret:
    return RepositorySecret.model_validate(
        {"url": url, "secret_name": name, "uid": name, "labels": {SECRET_TYPE: kind}, **values}
    )


def a_template(url: str, **values: Any) -> RepositorySecret:
    return a_secret(url, kind="repo-creds", **({"password": "template"} | values))


def test_a_repository_without_a_secret_is_entered_by_nobody() -> None:
    access = access_for(REPO, [], "p")
    assert (access.owner, access.password, access.bearer, access.ssh_key) == ("anonymous", "", "", "")


def test_the_secret_of_the_same_url_and_project_comes_before_the_unscoped_one() -> None:
    secrets = [a_secret(password="all"), a_secret(f"{REPO}.git", name="own", password="own", project="p")]
    assert access_for(REPO, secrets, "p").password == "own"
    assert access_for(REPO, secrets, "q").password == "all"


def test_another_projects_secret_is_never_used() -> None:
    secrets = [a_secret(password="x", project="q"), a_template("https://git.corp/", project="q")]
    assert access_for(REPO, secrets, "p").owner == "anonymous"


def test_a_secret_without_credentials_takes_the_longest_template() -> None:
    secrets = [
        a_secret(insecure="true"),
        a_template("https://git.corp"),
        a_template("https://git.corp/team", password="team"),
    ]
    access = access_for(REPO, secrets, "p")
    assert (access.password, access.insecure) == ("team", True)


@pytest.mark.parametrize(
    "url",
    [
        "https://git.corp.evil.test/team/app",
        "https://git.corp@evil.test/team/app",
        "http://git.corp/team/app",
        "https://git.corp:8443/team/app",
        "https://git.corp/team-2/app",
        "https://git.corp/Team/app",
        "git@git.corp:team/app",
    ],
)
def test_a_template_covers_whole_segments_of_its_own_host_only(url: str) -> None:
    assert access_for(url, [a_template("https://git.corp/team")], "p").password == ""


def test_a_template_of_a_host_covers_its_repositories() -> None:
    assert access_for("git@git.corp:team/app", [a_template("git@git.corp:team", sshPrivateKey="k")], "p").ssh_key == "k"
    assert access_for(REPO, [a_template("https://GIT.corp/")], "p").password == "template"


@pytest.mark.parametrize("kind", ["repository-write", "repo-write-creds", "scm-creds"])
def test_secrets_for_other_purposes_open_nothing(kind: str) -> None:
    assert access_for(REPO, [a_secret(kind=kind, password="x")], "p").password == ""


def test_a_login_to_be_exchanged_for_a_token_comes_after_what_opens_by_itself() -> None:
    app = {"githubAppID": "1", "githubAppPrivateKey": "key"}
    assert access_for(REPO, [a_secret(**app)], "p").exchange is not None
    assert access_for(REPO, [a_secret(**app, password="x")], "p").exchange is None


def test_a_template_may_hold_a_login_to_be_exchanged() -> None:
    template = a_template("https://git.corp/team", password="", githubAppID="1", githubAppPrivateKey="key")
    assert access_for(REPO, [template], "p").exchange is not None


def test_repr_shows_no_secret_and_scope_depends_on_none() -> None:
    one = access_for(REPO, [a_secret(password="hunter2", bearerToken="token")], "p")
    two = access_for(REPO, [a_secret(password="rotated")], "p")
    assert "hunter2" not in repr(one)
    assert "token" not in repr(one).replace("bearer_token", "")
    assert one.scope == two.scope
    assert one.scope != access_for(REPO, [], "p").scope


def test_trust_is_per_host() -> None:
    trust = Trust({"git.corp": "PEM", "other": "X"})
    assert access_for(REPO, [], "p", trust=trust).ca_pem == "PEM"


def test_every_project_s_own_access_is_found_once() -> None:
    secrets = [
        a_secret(password="all"),
        a_secret(name="own", password="own", project="p"),
        a_template("https://x", project="q"),
    ]
    assert [access.password for access in accesses_for(REPO, secrets)] == ["all", "own"]
