"""Git, chart repositories and OCI registries: addresses, credentials, revisions, and their content as trees.

May import: store, models, settings, errors, pygit2, urllib3. Never: render, clusters, Celery; nothing here knows what
a manifest is.
"""

from reconciler.sources.charts.chartsource import ChartSources
from reconciler.sources.compare import Changes, changed_paths
from reconciler.sources.credentials import Access, Trust, access_for, accesses_for
from reconciler.sources.following import is_packed
from reconciler.sources.gitsource import GitSources
from reconciler.sources.refs import Refs, Resolution
from reconciler.sources.trees import TreeReader
from reconciler.sources.urls import canonical_url, check_url, same_repository, source_url

__all__ = [
    "Access",
    "Changes",
    "ChartSources",
    "GitSources",
    "Refs",
    "Resolution",
    "TreeReader",
    "Trust",
    "access_for",
    "accesses_for",
    "canonical_url",
    "changed_paths",
    "check_url",
    "is_packed",
    "same_repository",
    "source_url",
]
