"""Every setting, with its unit, default and reason. Read from RECONCILER_* once, when a process starts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

Manage = Literal["shadow", "adopted", "all"]


class Settings(BaseSettings):
    """One value for the whole process; only `services` turns it into things."""

    model_config = SettingsConfigDict(env_prefix="RECONCILER_", frozen=True, extra="ignore")

    manage: Manage = "shadow"
    """Who may be written: nobody (`shadow`), adopted Applications, or `all`. Looking is free, acting is claimed."""

    namespace: str = "argocd"
    """Control namespace: Applications, projects, cluster and repository Secrets lie here."""

    kubeconfig: Path | None = None
    """Kubeconfig of the control cluster; None means the in-cluster service account."""

    context: str | None = None
    """Context inside the kubeconfig; None means its current one."""

    redis_url: SecretStr = SecretStr("redis://127.0.0.1:6379/0")
    """Broker, due set, records and summaries: needs `maxmemory-policy noeviction`."""

    cache_url: SecretStr | None = None
    """Cached trees and renders; None means `redis_url`."""

    key_prefix: str = "gitops:"
    """Prefix of every Redis key, so that two installations may share one server."""

    root_key: SecretStr = SecretStr("")
    """Two active root keys at most, comma-separated `id:hex`, newest first; seals the cache and signs messages."""

    data_dir: Path = Path(".reconciler")
    """Local Git mirrors; may be emptied at any time."""

    renderer_path: Path = Path("renderer/renderer")
    renderer_children: int = 2
    """Renderer children per worker process; each uses up to one core."""

    plugins: Path | None = None
    """Folder of config management plugins: `NAME/plugin.yaml`, with their programs beside it; None means none."""

    allow_unsandboxed_renderer: bool = False
    """Development on systems other than Linux only."""

    shards: int = 8
    """Queues per lane for push and timer; a constant of the installation, not a replica count."""

    hot_clusters: Annotated[tuple[str, ...], NoDecode] = ()
    """Cluster URLs whose applications are spread over all shards (comma-separated)."""

    worker_threads: int = 8
    field_manager: str = "argocd-controller"
    full_check_s: float = 6 * 3600.0
    """A full compare from live objects at least this often, jittered by a tenth."""

    poll_s: float | None = None
    """Repository poll interval; None follows `timeout.reconciliation` of argocd-cm (120 s and jitter when unset)."""

    prune_limit: str = ""
    """An automated prune of more objects than this (`50`), or than this share (`20%`), waits for a confirmation; a
    project may say otherwise by `reconciler.dev/prune-limit`. Empty means no limit."""

    pass_deadline_s: float = 30.0
    pass_budget_s: float = 5.0
    """A pass stops starting new writes after this long and is due again at once."""

    sync_timeout_s: float = 0.0
    """An operation that runs for longer is terminated, retries included; 0 never (Argo CD's
    `controller.sync.timeout.seconds`)."""

    refresh_deadline_s: float = 600.0
    heartbeat_ttl_s: float = 5.0
    redrive_s: float = 30.0
    """An issued entry that nobody acquired is issued again after this long."""

    lane_credit: int = 64
    """Messages that may lie in one lane's queues at a time; the due set is the backlog."""

    cluster_credit: int = 16
    """Passes in flight per destination cluster."""

    request_timeout_s: float = 30.0
    connect_timeout_s: float = 3.0

    api_host: str = "127.0.0.1"
    api_port: int = 8080
    metrics_port: int = 0
    """Worker and observer metrics on loopback; 0 means none."""

    flower_port: int = 5555
    flower_user: str = "admin"
    flower_password: SecretStr = SecretStr("")

    log_level: str = "INFO"
    log_json: bool = True

    @field_validator("hot_clusters", mode="before")
    @classmethod
    def _split(cls, value: object) -> object:
        return tuple(filter(None, value.split(","))) if isinstance(value, str) else value
