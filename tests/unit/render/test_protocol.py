"""The messages as they go over the pipe, and that both programs know the same words."""

from __future__ import annotations

import re
from dataclasses import asdict, fields
from pathlib import Path

import pytest

from reconciler.render.limits import ProcessLimits, RequestLimits
from reconciler.render.protocol import (
    PROTOCOL_VERSION,
    FileRefused,
    FileTooLarge,
    NotAFile,
    Params,
    PathEscapes,
    PathMissing,
    RenderRequest,
)
from reconciler.render.tools.directory import DirectoryParams, JsonnetParams, Variable
from reconciler.render.tools.helm import FileParameter, HelmParams, Parameter, Place, ValueFile
from reconciler.render.tools.kustomize import KustomizeParams, Patch, Replica, Target

GO = Path(__file__).resolve().parents[3] / "renderer"

PARTS = (
    (JsonnetParams, "jsonnet", "jsonnetParams"),
    (Variable, "jsonnet", "jsonnetVar"),
    (Place, "helm", "helmPlace"),
    (ValueFile, "helmvalues", "helmValueFile"),
    (Parameter, "helmvalues", "helmParameter"),
    (FileParameter, "helmvalues", "helmFileParam"),
    (Replica, "kustomizeedit", "kustomizeReplica"),
    (Patch, "kustomizeedit", "kustomizePatch"),
    (Target, "kustomizeedit", "kustomizeTarget"),
)


def json_names(source: str, struct: str) -> set[str]:
    """The JSON names of a Go struct's fields."""
    (body,) = re.findall(rf"^type {struct} struct {{\n(.*?)^}}", source, re.MULTILINE | re.DOTALL)
    return set(re.findall(r'json:"(\w+)', body))


def test_a_request_holds_its_source_and_its_limits() -> None:
    request = RenderRequest(DirectoryParams("apps", recurse=True, exclude="x*"), project="not sent")
    assert request.message(7) == {
        "id": 7,
        "kind": "directory",
        "params": {
            "path": "apps",
            "recurse": True,
            "include": "",
            "exclude": "x*",
            "disable_extension_filter": False,
            "jsonnet": JsonnetParams(),
            "skip_jsonnet": False,
            "limits": asdict(RequestLimits()),
        },
    }


def test_both_programs_know_the_same_parameters_and_limits() -> None:
    names = ("directory", "jsonnet", "kustomize", "kustomizeedit", "helm", "helmvalues")
    sources = {name: (GO / f"{name}.go").read_text() for name in names}
    asked: dict[str, Params] = {
        "directoryParams": DirectoryParams(""),
        "kustomizeParams": KustomizeParams(""),
        "helmParams": HelmParams(Place("", ""), "", ""),
    }
    for struct, params in asked.items():
        assert json_names(sources[params.kind], struct) == RenderRequest(params).message(1)["params"].keys()
    assert json_names(sources["directory"], "directoryLimits") == asdict(RequestLimits()).keys()
    for part, source, struct in PARTS:
        assert json_names(sources[source], struct) == {one.name for one in fields(part)}
    protocol = (GO / "protocol.go").read_text()
    assert json_names(protocol, "ProcessLimits") == asdict(ProcessLimits()).keys()
    assert f"ProtocolVersion = {PROTOCOL_VERSION}\n" in protocol


@pytest.mark.parametrize("refusal", [FileRefused, FileTooLarge, NotAFile, PathEscapes, PathMissing])
def test_both_programs_know_the_same_refusals(refusal: type[FileRefused]) -> None:
    assert f'= "{refusal.code}"' in (GO / "protocol.go").read_text()
