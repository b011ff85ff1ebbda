"""Helm charts."""

from __future__ import annotations

from reconciler.errors import SourceError
from reconciler.render.protocol import Params
from reconciler.render.tools.build import Build


def helm_params(build: Build) -> Params:
    """What the renderer is asked for. Raises SourceError."""
    raise SourceError(
        f"{build.folder or 'the root'} is a Helm source, which is not supported by this version; "
        "set `directory: {recurse: true}` on the source to deploy the folder's files as they are"
    )
