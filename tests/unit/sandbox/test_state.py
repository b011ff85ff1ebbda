from reconciler.sandbox.banner import banner
from reconciler.sandbox.state import State

RUNNING = State(
    pid=1,
    started=True,
    kubeconfig="/checkout/.sandbox/kubeconfig",
    api_url="http://127.0.0.1:1",
    flower={"url": "http://127.0.0.1:2", "user": "admin", "password": "flower-secret"},
    git={"url": "http://127.0.0.1:3/fleet.git", "user": "sandbox", "password": "git-secret", "checkout": "/c"},
    processes={"worker-1": 4711},
)


def test_the_banner_names_every_address_login_and_the_kubeconfig() -> None:
    text = banner(RUNNING, folder=".sandbox")
    for needed in (
        RUNNING.api_url,
        RUNNING.flower["url"],
        "admin / flower-secret",
        RUNNING.git["url"],
        "sandbox / git-secret",
        "export KUBECONFIG=/checkout/.sandbox/kubeconfig",
        "./dev kill worker-1",
    ):
        assert needed in text
