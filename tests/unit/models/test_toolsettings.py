"""What argocd-cm says of the tools that render."""

from __future__ import annotations

import pytest

from reconciler.errors import SpecError
from reconciler.models.toolsettings import ToolSettings, tool_settings_of


def test_without_settings_every_tool_is_on_and_has_no_options() -> None:
    assert tool_settings_of({}) == ToolSettings()


@pytest.mark.parametrize(("text", "is_on"), [("true", True), ("false", False), ("", True), ("False", True)])
def test_only_the_word_false_switches_a_tool_off(text: str, is_on: bool) -> None:
    settings = tool_settings_of({"helm.enable": text, "kustomize.enable": text, "jsonnet.enable": text})
    assert (settings.helm_enabled, settings.kustomize_enabled, settings.jsonnet_enabled) == (is_on,) * 3


def test_a_version_has_the_options_of_its_name_and_not_those_of_the_default() -> None:
    settings = tool_settings_of(
        {
            "kustomize.buildOptions": "--enable-helm  --reorder none",
            "kustomize.path.v5": "/tools/five",
            "kustomize.version.v4": "/tools/four",
            "kustomize.buildOptions.v4": "--enable-helm",
        }
    )
    assert settings.options_of("") == ("--enable-helm", "--reorder", "none")
    assert (settings.options_of("v4"), settings.options_of("v5")) == (("--enable-helm",), ())
    with pytest.raises(SpecError, match=r"'v3' is not registered in argocd-cm \(registered: v4, v5\)"):
        settings.options_of("v3")
