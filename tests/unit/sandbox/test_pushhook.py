from reconciler.sandbox.pushhook import Push, payload
from reconciler.sandbox.repositories import NO_COMMIT, Change

PUSH = Push(
    repo_url="http://127.0.0.1:1/fleet.git",
    default_branch="main",
    ref="refs/heads/main",
    before="a" * 40,
    after="b" * 40,
    changes=[Change("b" * 40, "Raise replicas", ("new",), ("changed",), ("gone",))],
)


def test_the_body_names_the_repository_as_its_clients_do() -> None:
    assert payload(PUSH)["repository"] == {
        "name": "fleet",
        "full_name": "sandbox/fleet",
        "html_url": "http://127.0.0.1:1/fleet.git",
        "clone_url": "http://127.0.0.1:1/fleet.git",
        "default_branch": "main",
    }


def test_each_commit_lists_its_paths_and_the_last_is_the_head() -> None:
    body = payload(PUSH)
    expected = {
        "id": "b" * 40,
        "message": "Raise replicas",
        "added": ["new"],
        "modified": ["changed"],
        "removed": ["gone"],
    }
    assert (body["commits"], body["head_commit"]) == ([expected], expected)


def test_a_ref_that_ends_or_begins_is_marked_so() -> None:
    ended = Push(
        repo_url=PUSH.repo_url, default_branch="main", ref=PUSH.ref, before="a" * 40, after=NO_COMMIT, changes=[]
    )
    assert (payload(ended)["deleted"], payload(ended)["created"], payload(ended)["head_commit"]) == (True, False, None)
