"""What a source follows and what that is known to mean, whatever kind of repository it names. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.models.keys import PINNED, Revision
from reconciler.models.source import ApplicationSource
from reconciler.sources import refs
from reconciler.sources.charts import following as charts
from reconciler.sources.refs import Resolution
from reconciler.sources.urls import is_oci


def is_packed(source: ApplicationSource) -> bool:
    """Whether a source comes as an archive, from a chart repository or a registry, and not from Git."""
    return bool(source.chart) or is_oci(source.repo_url)


def expected_binding(source: ApplicationSource) -> str:
    """The binding that a source will have once it resolves. Raises SpecError, SourceError for what cannot be one."""
    if not is_packed(source):
        return refs.expected_binding(source.target_revision, source.tag_prefix)
    asked = charts.goal(source.chart, source.target_revision)
    return asked.binding if asked.is_floating else PINNED


def recalled(known: Mapping[str, Revision], source: ApplicationSource) -> Resolution | None:
    """What a source means by what is known of each binding; None when somebody has to look.

    Raises SpecError, SourceError for what cannot be a revision.
    """
    if not is_packed(source):
        return refs.recalled(known, source.target_revision, source.tag_prefix)
    return charts.recalled(charts.goal(source.chart, source.target_revision), known)
