"""CloudNativePG, Zalando's Postgres operator, Elastic's operator, and the MariaDB and RabbitMQ operators."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from reconciler.models.manifest import JsonObject
from reconciler.models.observed import Health, HealthCode
from reconciler.plan.health.reading import conditions, status_of, text
from reconciler.plan.health.rules import UNSEEN, Rule, When, is_behind

PHASES: Final = "https://github.com/cloudnative-pg/cloudnative-pg/blob/main/api/v1/cluster_types.go"
BACKUPS: Final = "https://cloudnative-pg.io/documentation/current/cloudnative-pg.v1/#postgresql-cnpg-io-v1-BackupPhase"
DATABASES: Final = "https://cloudnative-pg.io/documentation/current/declarative_database_management/"
HIBERNATION: Final = "cnpg.io/hibernation"
ZALANDO: Final = "https://github.com/zalando/postgres-operator/blob/master/pkg/apis/acid.zalan.do/v1/const.go"
ELASTIC: Final = "https://www.elastic.co/docs/reference/cloud-on-k8s/api-docs"
RABBITMQ: Final = "https://www.rabbitmq.com/kubernetes/operator/using-operator#status-conditions"
MARIADB: Final = "https://github.com/mariadb-operator/mariadb-operator/blob/main/api/v1alpha1/condition_types.go"

CLUSTER: Final[Mapping[str, HealthCode]] = {
    "Cluster in healthy state": "Healthy",
    "Setting up primary": "Progressing",
    "Creating a new replica": "Progressing",
    "Upgrading cluster": "Progressing",
    "Waiting for the instances to become active": "Progressing",
    "Promoting to primary cluster": "Progressing",
    "Switchover in progress": "Degraded",
    "Failing over": "Degraded",
    "Upgrading Postgres major version": "Degraded",
    "Cluster upgrade delayed": "Degraded",
    "Waiting for user action": "Degraded",
    "Primary instance is being restarted in-place": "Degraded",
    "Primary instance is being restarted without a switchover": "Degraded",
    "Cluster cannot execute instance online upgrade due to missing architecture binary": "Degraded",
    "Online upgrade in progress": "Degraded",
    "Applying configuration": "Degraded",
    "Unable to create required cluster objects": "Suspended",
    "Cluster cannot proceed to reconciliation due to an unknown plugin being required": "Suspended",
    "Cluster has incomplete or invalid image catalog": "Suspended",
    "Cluster is unrecoverable and needs manual intervention": "Suspended",
}
"""CloudNativePG's phases, as Argo CD reads them."""


def cluster(body: JsonObject) -> Health:
    """Argo CD: by phase; switched-off reconciliation and hibernation are Suspended."""
    annotations = (body.get("metadata") or {}).get("annotations") or {}
    if annotations.get("cnpg.io/reconciliation") == "disabled":
        return Health("Suspended", "Cluster reconciliation is suspended")
    for condition in conditions(body):
        if condition.get("type") == HIBERNATION:
            asleep = condition.get("status") == "True"
            return Health("Suspended" if asleep else "Degraded", text(condition, "message"))
    status = status_of(body)
    if not status.get("phase"):
        return Health("Progressing", "Waiting for the operator")
    return Health(CLUSTER.get(status["phase"], "Unknown"), text(status, "phaseReason") or text(status, "phase"))


def applied(body: JsonObject) -> Health:
    """A Database, Publication or Subscription: whether PostgreSQL has taken it over."""
    status = status_of(body)
    if is_behind(body, status):
        return UNSEEN
    if status.get("applied") is None:
        return Health("Progressing", "Waiting for PostgreSQL")
    return Health("Healthy" if status["applied"] is True else "Degraded", text(status, "message"))


BACKUP: Final = Rule(
    BACKUPS,
    "Waiting for the backup to start",
    phase=("phase",),
    phases={"completed": "Healthy", "failed": "Degraded", "walArchivingFailing": "Degraded"},
)
POSTGRESQL: Final = Rule(
    ZALANDO,
    "Waiting for the operator",
    phase=("PostgresClusterStatus",),
    phases={
        "Running": "Healthy",
        "CreateFailed": "Degraded",
        "UpdateFailed": "Degraded",
        "SyncFailed": "Degraded",
        "Invalid": "Degraded",
    },
)
ELASTIC_STACK: Final = Rule(
    ELASTIC,
    "Waiting for the operator",
    phase=("health",),
    phases={"green": "Healthy", "yellow": "Progressing", "red": "Degraded"},
)
RABBIT: Final = Rule(
    RABBITMQ,
    "Waiting for the operator",
    (
        When("ReconcileSuccess", "False", "Degraded"),
        When("AllReplicasReady", "False", "Progressing"),
        When("ClusterAvailable", "False", "Degraded"),
        When("AllReplicasReady", "True", "Healthy"),
    ),
)
MARIA: Final = Rule(
    MARIADB,
    "Waiting for the operator",
    (
        When("Ready", "True", "Healthy"),
        When("Ready", "False", "Suspended", reasons=frozenset({"Suspended"})),
        When("Ready", "False", "Progressing", but=frozenset({"Failed", "Unhealthy", "StatefulSetNotHealthy"})),
        When("Ready", "False", "Degraded"),
    ),
)

_CNPG: Final = "postgresql.cnpg.io"
_ELASTIC: Final[Mapping[str, str]] = {
    "Elasticsearch": "elasticsearch.k8s.elastic.co",
    "Kibana": "kibana.k8s.elastic.co",
    "Beat": "beat.k8s.elastic.co",
    "Agent": "agent.k8s.elastic.co",
}

KINDS: Final[Mapping[tuple[str, str], Callable[[JsonObject], Health]]] = {
    (_CNPG, "Cluster"): cluster,
    (_CNPG, "Backup"): BACKUP,
    **{(_CNPG, kind): applied for kind in ("Database", "Publication", "Subscription")},
    ("acid.zalan.do", "postgresql"): POSTGRESQL,
    **{(group, kind): ELASTIC_STACK for kind, group in _ELASTIC.items()},
    ("rabbitmq.com", "RabbitmqCluster"): RABBIT,
    ("k8s.mariadb.com", "MariaDB"): MARIA,
}
