"""What argocd-cm says of kinds, in the old map and in keys by kind."""

import pytest

from reconciler.errors import SpecError
from reconciler.models.customizations import ActionScripts, Script, customizations_of
from reconciler.models.keys import GroupKind

CERTIFICATE = GroupKind("cert-manager.io", "Certificate")


def test_a_script_is_found_by_the_kind_whether_the_map_or_a_key_holds_it() -> None:
    old = {"resource.customizations": "cert-manager.io/Certificate:\n  health.lua: |\n    return {}\n"}
    new = {"resource.customizations.health.cert-manager.io_Certificate": "return {}\n"}
    for settings in (old, new):
        assert customizations_of(settings).health_of(CERTIFICATE) == Script("return {}\n")


def test_a_kind_of_the_core_group_has_no_group_in_its_key() -> None:
    found = customizations_of({"resource.customizations.health.Secret": "x"})
    assert found.health_of(GroupKind("", "Secret")) == Script("x")
    assert found.health_of(GroupKind("other.example", "Secret")) is None


def test_the_kind_itself_comes_before_a_glob_and_the_longer_glob_before_the_shorter() -> None:
    text = "{'*/*': {health.lua: a}, '*.io/*': {health.lua: b}, cert-manager.io/Certificate: {health.lua: c}}"
    found = customizations_of({"resource.customizations": text})
    kinds = [CERTIFICATE, GroupKind("cert-manager.io", "Issuer"), GroupKind("apps", "Deployment")]
    assert [script and script.text for script in map(found.health_of, kinds)] == ["c", "b", "a"]


def test_open_libraries_are_a_word_beside_the_script() -> None:
    old = "a.b/C: {health.lua: x, health.lua.useOpenLibs: true}"
    for settings in (
        {"resource.customizations": old},
        {"resource.customizations.health.a.b_C": "x", "resource.customizations.useOpenLibs.a.b_C": "true"},
    ):
        assert customizations_of(settings).health_of(GroupKind("a.b", "C")) == Script("x", open_libs=True)


def test_fields_not_to_compare_become_rules_of_the_kind_or_of_all() -> None:
    lists = "jsonPointers: [/a]\njqPathExpressions: [.b]\nmanagedFieldsManagers: [c]\n"
    old = f"apps/*:\n  ignoreDifferences: |\n    {lists.replace(chr(10), chr(10) + '    ')}\n"
    for settings, kind in (
        ({"resource.customizations.ignoreDifferences.all": lists}, ("*", "*")),
        ({"resource.customizations.ignoreDifferences.apps_Deployment": lists}, ("apps", "Deployment")),
        ({"resource.customizations": old}, ("apps", "*")),
    ):
        (rule,) = customizations_of(settings).ignore_differences
        assert (rule.group, rule.kind) == kind
        assert (rule.json_pointers, rule.jq_path_expressions, rule.managed_fields_managers) == (
            ("/a",),
            (".b",),
            ("c",),
        )


def test_updates_to_ignore_are_rules_of_their_own() -> None:
    found = customizations_of({"resource.customizations.ignoreResourceUpdates.all": "jsonPointers: [/status]"})
    assert (len(found.ignore_updates), found.ignore_differences, found.ignores_updates) == (1, (), True)
    assert customizations_of({"resource.ignoreResourceUpdatesEnabled": "false"}).ignores_updates is False


def test_actions_have_a_list_and_a_program_each() -> None:
    text = "discovery.lua: d\nmergeBuiltinActions: true\ndefinitions: [{name: a, action.lua: x}]"
    found = customizations_of({"resource.customizations.actions.apps_Deployment": text})
    assert found.actions_of(GroupKind("apps", "Deployment")) == ActionScripts("d", {"a": "x"}, merges_built_in=True)


@pytest.mark.parametrize(
    "settings",
    [
        {"resource.customizations": "- a list"},
        {"resource.customizations": "a: {of-tomorrow: x}"},
        {"resource.customizations": "a: {ignoreDifferences: 'jsonPointers: {'}"},
        {"resource.customizations.of-tomorrow.a_B": "x"},
        {"resource.customizations.ignoreDifferences.a_B": "jsonPointers: /a/text/secret"},
        {"resource.compareoptions": "ignoreResourceStatusField: some"},
    ],
)
def test_what_cannot_be_read_is_an_error_that_names_the_setting_and_not_its_value(settings: dict[str, str]) -> None:
    with pytest.raises(SpecError) as raised:
        customizations_of(settings)
    assert next(iter(settings)) in str(raised.value)
    assert "secret" not in str(raised.value)


def test_other_settings_say_nothing_of_kinds() -> None:
    assert customizations_of({"url": "https://x", "timeout.reconciliation": "1m"}).health == {}
