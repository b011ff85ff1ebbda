"""Tar archives made in memory, good and bad ones."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping, Sequence


def a_tar(files: Mapping[str, str | bytes], *odd: tarfile.TarInfo, mode: str = "w:gz") -> bytes:
    """An archive of files by path, with further entries as they are given."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode=mode) as archive:  # type: ignore[call-overload]
        for path, content in files.items():
            data = content.encode() if isinstance(content, str) else content
            info = tarfile.TarInfo(path)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
        for info in odd:
            archive.addfile(info, io.BytesIO(b"\0" * info.size))
    return out.getvalue()


def an_entry(name: str, kind: bytes = tarfile.REGTYPE, *, link: str = "", mode: int = 0o644) -> tarfile.TarInfo:
    """One entry of any kind."""
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mode = kind, link, mode
    return info


def a_chart(name: str, version: str, **values: str) -> bytes:
    """A packed chart with one ConfigMap that says which version it is from, and its values."""
    return a_tar(chart_files(name, version, **values))


def chart_files(name: str, version: str, *, dependencies: Sequence[str] = (), **values: str) -> dict[str, str]:
    """The files of such a chart, in a folder of its name. `dependencies` are further lines of Chart.yaml."""
    head = [f"apiVersion: v2\nname: {name}\nversion: {version}\n", *(f"{line}\n" for line in dependencies)]
    template = (
        "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {{ .Release.Name }}-{{ .Chart.Name }}\n"
        "data:\n  version: {{ .Chart.Version | quote }}\n"
        "{{- range $k, $v := .Values.shown }}\n  {{ $k }}: {{ $v | quote }}\n{{- end }}\n"
    )
    shown = "".join(f"  {key}: {value}\n" for key, value in values.items())
    return {
        f"{name}/Chart.yaml": "".join(head),
        f"{name}/values.yaml": f"shown:\n{shown}" if shown else "shown: {}\n",
        f"{name}/templates/shown.yaml": template,
    }
