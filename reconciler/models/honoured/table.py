"""The whole table, and what it says of one Application, object, project or repository.

Everything fails closed: a field, option or annotation of Argo CD's that the table does not know is not honoured.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType

from reconciler.models import words
from reconciler.models.application import Application
from reconciler.models.honoured import application, control, objects
from reconciler.models.honoured.row import Place, Row
from reconciler.models.honoured.walk import Keys, Node, tree_of, used
from reconciler.models.manifest import Manifest
from reconciler.models.project import AppProject
from reconciler.models.secrets import RepositorySecret

TABLE: tuple[Row, ...] = (*application.ROWS, *objects.ROWS, *control.ROWS)

NO_SETTINGS: Mapping[str, str] = MappingProxyType({})

_ARGO = "argocd.argoproj.io/"
_APPLICATION = tree_of((*application.SPEC, *application.OPERATION))
_PROJECT = tree_of(control.PROJECT)
_APPLICATION_MARKS = Keys.of(*application.ANNOTATIONS)
_OBJECT_MARKS = Keys.of(*objects.ANNOTATIONS)
_SETTINGS = Keys.of(*control.SETTINGS)
_FINALIZERS = Keys.of(*application.FINALIZERS)
_REPOSITORY = Keys.of(*control.REPOSITORIES)
_OPTIONS: dict[Place, Mapping[str, Row]] = {
    place: {row.name: row for row in objects.OPTIONS if row.place == place}
    for place in ("Application sync option", "object sync option")
}
_COMPARE = {row.name: row for row in objects.COMPARE_OPTIONS}


def unhonoured_fields(app: Application, settings_cm: Mapping[str, str] = NO_SETTINGS) -> tuple[str, ...]:
    """What `app` and the settings that concern every application use and this version does not honour, by name."""
    raw = app.raw or app.to_json()
    options = (
        *app.spec.sync_options,
        *(app.operation.sync.sync_options if app.operation and app.operation.sync else ()),
    )
    found = (
        *_below(_APPLICATION, raw, "spec"),
        *_below(_APPLICATION, raw, "operation"),
        *_options(options, "Application sync option"),
        *_application_marks(app.metadata.annotations),
        *(name for name in app.metadata.finalizers if (row := _FINALIZERS.find(name)) and row.blocks),
        *_settings(settings_cm),
    )
    return tuple(dict.fromkeys(found))


def unhonoured_in_source(source: Mapping[str, object]) -> Iterator[str]:
    """What one source asks for and this version does not honour, by name."""
    return used(source, _APPLICATION.children["spec"].children["source"], "spec.source")


def unhonoured_in_manifest(manifest: Manifest) -> tuple[str, ...]:
    """What a desired object asks for and this version does not honour, by name."""
    return tuple(dict.fromkeys(_object_marks(manifest)))


def unhonoured_in_project(project: AppProject) -> tuple[str, ...]:
    """Rules of a project that this version does not enforce: none of its Applications may be written."""
    names = _below(_PROJECT, project.raw or project.to_json(), "spec")
    return tuple(dict.fromkeys(f"AppProject {name}" for name in names))


def unhonoured_in_repository(secret: RepositorySecret) -> tuple[str, ...]:
    """Keys of a repository Secret that this version does not honour."""
    given = secret.model_dump(by_alias=True, exclude_defaults=True)
    return tuple(f"repository Secret {key}" for key in given if (row := _REPOSITORY.find(key)) and row.blocks)


def _below(tree: Node, obj: Mapping[str, object], field: str) -> Iterator[str]:
    return used(obj.get(field), tree.children[field], field)


def _options(texts: Iterable[str], place: Place) -> Iterator[str]:
    for text in filter(None, (text.strip() for text in texts)):
        row = _OPTIONS[place].get(text)
        if (row and row.blocks) or (row is None and text not in objects.DEFAULT_OPTIONS):
            yield f"sync option {text}"


def _compare_options(text: str) -> Iterator[str]:
    for option in filter(None, (option.strip() for option in text.split(","))):
        row = _COMPARE.get(option)
        if row is None or row.blocks:
            yield f"compare option {option}"


def _application_marks(annotations: Mapping[str, str]) -> Iterator[str]:
    for key, value in annotations.items():
        if key == words.COMPARE_OPTIONS:
            yield from _compare_options(value)
        elif _is_unhonoured(_APPLICATION_MARKS, key, value):
            yield f"annotation {key}"


def _object_marks(manifest: Manifest) -> Iterator[str]:
    for key, value in manifest.annotations.items():
        if key == words.SYNC_OPTIONS:
            yield from _options(value.split(","), "object sync option")
        elif key == words.COMPARE_OPTIONS:
            yield from _compare_options(value)
        elif _is_unhonoured(_OBJECT_MARKS, key, value) and not _is_child_s_own(manifest, key):
            yield f"annotation {key}: {value}"


def _is_child_s_own(manifest: Manifest, key: str) -> bool:
    """Whether an Application among the objects carries an annotation that is about itself, not about the object."""
    row = _APPLICATION_MARKS.find(key)
    return manifest.group_kind.group == words.GROUP and _OBJECT_MARKS.find(key) is None and row is not None


def _is_unhonoured(keys: Keys, key: str, value: str) -> bool:
    row = keys.find(key)
    return bool(value) and (row.blocks if row else key.startswith(_ARGO))


def _settings(settings_cm: Mapping[str, str]) -> Iterator[str]:
    for key, value in settings_cm.items():
        row = _SETTINGS.find(key)
        text = value.strip()
        if row is None or not row.blocks or not text or text in control.USUAL_SETTINGS.get(key, ()):
            continue
        yield f"setting {key}"
