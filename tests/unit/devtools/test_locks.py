import pytest

from devtools.locks import acceptable


@pytest.mark.parametrize(
    "line",
    [
        "aiohttp==3.14.5 \\",
        "    --hash=sha256:0133c3c3b54a0bf1e71fa5c1ad95c93f07fd54e24ef1fe182f5122e1573d2bf1 \\",
        "colorama==0.4.6 ; sys_platform == 'win32' \\",
    ],
)
def test_versions_and_hashes_may_stand_in_a_lock(line: str) -> None:
    assert acceptable(line)


@pytest.mark.parametrize(
    "line",
    [
        "--index-url https://example.com/simple",
        "--find-links wheels",
        "thing @ file:///somewhere/thing.whl",
        "thing==1.0 @ https://example.com/thing.whl",
        "# by a program in /somewhere",
        "aiohttp>=3",
    ],
)
def test_addresses_links_paths_and_open_versions_may_not(line: str) -> None:
    assert not acceptable(line)
