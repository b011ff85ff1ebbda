"""How long servers of charts may take, and how much they may send."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.sources.charts.archive import ArchiveLimits
from reconciler.sources.charts.index import MAX_INDEX_BYTES
from reconciler.sources.transport import Timeouts


@dataclass(frozen=True, slots=True)
class ChartLimits:
    """Seconds in total for an index or a list of tags, and for an archive; bytes as they come over the wire.

    Both together are below what a pass has for a rendering, which holds a renderer while a chart is fetched.
    """

    timeouts: Timeouts = field(default_factory=Timeouts)
    index_s: float = 8.0
    archive_s: float = 10.0
    poll_s: float = 30.0
    """For an index when nobody waits for it: passes then only ask whether it is still the same."""

    index_bytes: int = MAX_INDEX_BYTES
    archive_bytes: int = 64 * 1024**2
    manifest_bytes: int = 4 * 1024**2
    archive: ArchiveLimits = field(default_factory=ArchiveLimits)
