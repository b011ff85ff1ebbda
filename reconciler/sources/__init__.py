"""Git: addresses, credentials, refs, mirrors, trees by object id, and what changed between two of them.

May import: store, models, settings, errors, pygit2, urllib3. Never: render, clusters, Celery; nothing here knows what
a manifest is.
"""

from reconciler.sources.compare import Changes, changed_paths
from reconciler.sources.credentials import Access, Trust, access_for, accesses_for
from reconciler.sources.gitsource import GitSources
from reconciler.sources.refs import Refs, Resolution
from reconciler.sources.trees import TreeReader
from reconciler.sources.urls import canonical_url, check_url, same_repository

__all__ = [
    "Access",
    "Changes",
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
    "same_repository",
]
