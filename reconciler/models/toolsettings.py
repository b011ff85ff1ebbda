"""What argocd-cm says of the tools that render: which are on, and how Kustomize is called."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.errors import SpecError

_VERSION_PREFIXES = ("kustomize.path.", "kustomize.version.")
_OPTIONS = "kustomize.buildOptions"


@dataclass(frozen=True, slots=True)
class ToolSettings:
    """`build_options` are the words of `kustomize build`; a version of Kustomize is a name with options of its own."""

    helm_enabled: bool = True
    kustomize_enabled: bool = True
    jsonnet_enabled: bool = True
    build_options: tuple[str, ...] = ()
    versions: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    value_file_schemes: tuple[str, ...] = ("http", "https")
    """Of which kind the URLs of Helm value files may be."""

    def options_of(self, version: str) -> tuple[str, ...]:
        """The options for builds by this version. Raises SpecError for one that the settings do not know.

        Argo CD: a named version takes the place of the default with its options.
        """
        if not version:
            return self.build_options
        if version not in self.versions:
            known = ", ".join(sorted(self.versions)) or "none"
            raise SpecError(
                f"source.kustomize.version {version!r} is not registered in argocd-cm (registered: {known}); "
                f"add kustomize.path.{version} there or take the field out"
            )
        return self.versions[version]


def tool_settings_of(data: Mapping[str, str]) -> ToolSettings:
    """Reads `data` of argocd-cm. Argo CD: a tool is on unless it is switched off by the word `false`."""
    named = {key.removeprefix(prefix) for prefix in _VERSION_PREFIXES for key in data if key.startswith(prefix)}
    return ToolSettings(
        helm_enabled=data.get("helm.enable") != "false",
        kustomize_enabled=data.get("kustomize.enable") != "false",
        jsonnet_enabled=data.get("jsonnet.enable") != "false",
        build_options=tuple(data.get(_OPTIONS, "").split()),
        value_file_schemes=_schemes(data.get("helm.valuesFileSchemes", "https, http")),
        versions={name: tuple(data.get(f"{_OPTIONS}.{name}", "").split()) for name in named},
    )


def _schemes(text: str) -> tuple[str, ...]:
    return tuple(sorted(scheme.strip().lower() for scheme in text.split(",") if scheme.strip()))
