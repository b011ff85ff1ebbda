"""Secrets as Argo CD writes them, so that both of us find them."""

from reconciler.cli.secret import cluster_secret_name, repository_secret_name, secret_of
from reconciler.models.secrets import RepositorySecret


def test_a_cluster_has_the_name_that_argo_cd_gives_it() -> None:
    # The name that every Argo CD installation gives the cluster it runs in.
    assert cluster_secret_name("https://kubernetes.default.svc") == "cluster-kubernetes.default.svc-3396314289"


def test_a_repository_is_named_by_its_address_and_project() -> None:
    names = {
        repository_secret_name("https://g/a.git", "", template=False),
        repository_secret_name("https://g/a.git", "shop", template=False),
        repository_secret_name("https://g/b.git", "", template=False),
        repository_secret_name("https://g/a.git", "", template=True),
    }
    assert len(names) == 4
    assert sorted(name.split("-")[0] for name in names) == ["creds", "repo", "repo", "repo"]


def test_a_secret_carries_its_type_and_only_what_was_given() -> None:
    secret = secret_of("repo-1", "repository", {"url": "https://g/a.git", "password": "", "username": "bot"})
    assert secret["stringData"] == {"url": "https://g/a.git", "username": "bot"}
    assert RepositorySecret.parse(secret).secret_type == "repository"
