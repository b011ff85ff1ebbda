"""A chart as it lies in a folder, packed as `helm package` packs it."""

import gzip
import io
import tarfile
from dataclasses import dataclass
from pathlib import Path

import yaml

from reconciler.sandbox.repositories import folder_files


@dataclass(frozen=True, slots=True)
class Packed:
    """One version of a chart."""

    name: str
    version: str
    archive: bytes


def pack(folder: Path) -> Packed:
    """The same archive for the same files, whenever it is made."""
    about = yaml.safe_load((folder / "Chart.yaml").read_text())
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for path, content in folder_files(folder).items():
            info = tarfile.TarInfo(f"{about['name']}/{path}")
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return Packed(about["name"], about["version"], gzip.compress(out.getvalue(), mtime=0))
