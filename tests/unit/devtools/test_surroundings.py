from devtools.layout import CACHE
from devtools.surroundings import go_environment, pip_environment


def test_caches_lie_in_the_project_folder() -> None:
    go, pip = go_environment({"HOME": "/home/me"}), pip_environment({"HOME": "/home/me"})
    written = [go["GOCACHE"], go["GOMODCACHE"], go["GOPATH"], go["XDG_CONFIG_HOME"], pip["PIP_CACHE_DIR"]]
    assert all(path.startswith(str(CACHE)) for path in written)


def test_a_cache_that_the_user_chose_is_used() -> None:
    assert go_environment({"GOMODCACHE": "/shared"})["GOMODCACHE"] == "/shared"


def test_what_the_user_told_go_still_holds() -> None:
    assert go_environment({"HOME": "/home/me"})["GOENV"] == "/home/me/.config/go/env"


def test_no_toolchain_is_downloaded_whatever_the_user_set() -> None:
    assert go_environment({"GOTOOLCHAIN": "auto", "CGO_ENABLED": "1"}).items() >= {
        ("GOTOOLCHAIN", "local"),
        ("CGO_ENABLED", "0"),
    }
