"""Our CustomResourceDefinitions on a real API server."""

from pathlib import Path

import yaml

from reconciler.sandbox.api import ApiError
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.waiting import wait_for

FOLDER = Path(__file__).parents[2] / "deploy" / "crds"
GROUP = "/apis/argoproj.io/v1alpha1"
PATHS = (GROUP, *(f"{GROUP}/{plural}" for plural in ("applications", "applicationsets", "appprojects")))


def install_crds(plane: ControlPlane) -> None:
    """Apply `deploy/crds` and wait until the server serves the kinds; a second time it changes nothing."""
    for path in sorted(FOLDER.glob("*-crd.yaml")):
        plane.api.apply(yaml.safe_load(path.read_text()))
    wait_for(lambda: all(_is_served(plane, path) for path in PATHS), "our kinds to be served", timeout_s=20)


def _is_served(plane: ControlPlane, path: str) -> bool:
    try:
        return plane.api.find(path) is not None
    except ApiError as error:
        if error.code == 429:  # the storage of a new kind is being set up
            return False
        raise
