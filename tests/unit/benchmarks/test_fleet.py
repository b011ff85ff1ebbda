"""The workload as values."""

import yaml

from benchmarks.fleet import CONFIG_BYTES, Member, cluster_url, members, repository_files


def test_every_application_has_its_own_namespace_folder_and_cluster_in_turn() -> None:
    fleet = members(60, 20)
    assert len({member.namespace for member in fleet}) == len({member.path for member in fleet}) == 60
    assert [member.cluster for member in fleet[18:22]] == ["c018", "c019", "c000", "c001"]


def test_a_config_map_of_the_workload_has_two_kilobytes() -> None:
    body = yaml.safe_load(Member(7, 20).manifest())
    size = sum(len(key) + len(value) for key, value in body["data"].items())
    assert abs(len(Member(7, 20).manifest()) - CONFIG_BYTES) < 100
    assert 0.8 * CONFIG_BYTES < size < CONFIG_BYTES


def test_a_new_generation_changes_one_value_and_nothing_else() -> None:
    before, after = (yaml.safe_load(Member(7, 20).manifest(generation)) for generation in ("0", "1"))
    assert after["data"].pop("generation") == "1"
    assert before["data"].pop("generation") == "0"
    assert before == after


def test_a_cluster_url_is_an_address_of_this_machine_and_never_the_same_twice() -> None:
    urls = {cluster_url(number, 6443) for number in range(1000)}
    assert len(urls) == 1000
    assert cluster_url(0, 6443) == "https://127.1.0.1:6443"
    assert cluster_url(250, 6443) == "https://127.1.1.1:6443"


def test_the_repository_holds_the_file_that_each_application_deploys() -> None:
    fleet = members(3, 20)
    files = repository_files(fleet)
    source = fleet[2].application("https://example.com/fleet.git", "https://127.1.0.1:1")["spec"]["source"]
    assert f"{source['path']}/config.yaml" in files
    assert len(files) == 3
