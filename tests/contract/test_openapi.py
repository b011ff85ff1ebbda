"""Schemas as a real API server has them: what it refuses is known before, and what it takes is not called invalid."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import yaml

from reconciler.apply import Writer
from reconciler.clusters import Cluster, Link, control_cluster
from reconciler.clusters.openapi import SHARED, OpenApi
from reconciler.errors import ObjectRejected
from reconciler.models.manifest import Manifest
from reconciler.plan.schema.validate import problems
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.waiting import wait_for
from reconciler.settings import Settings

FINE = """
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, labels: {app: web}}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  strategy: {rollingUpdate: {maxSurge: 25%, maxUnavailable: 1}}
  template:
    metadata: {labels: {app: web}, creationTimestamp: null}
    spec:
      volumes: [{name: data, emptyDir: {sizeLimit: 1Gi}}]
      containers:
        - name: web
          image: nginx:1
          ports: [{containerPort: 80}]
          resources: {requests: {cpu: 0.5, memory: 64Mi}, limits: {cpu: "1"}}
          livenessProbe: {httpGet: {path: /, port: 80}}
          readinessProbe: {httpGet: {path: /, port: http}}
          env: [{name: A, value: "1"}, {name: B, valueFrom: {fieldRef: {fieldPath: metadata.name}}}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: web}
roleRef: {kind: Role, name: web}
subjects: [{kind: ServiceAccount, name: web}]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: web}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db}
spec:
  selector: {matchLabels: {app: db}}
  template: {metadata: {labels: {app: db}}, spec: {containers: [{name: db, image: "db:1"}]}}
  volumeClaimTemplates:
    - metadata: {name: data}
      spec: {accessModes: [ReadWriteOnce], resources: {requests: {storage: 1Gi}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web}
spec: {rules: [{http: {paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]}}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web}
spec: {podSelector: {}, ingress: [{ports: [{port: 80}, {port: http}]}]}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata: {name: web}
spec:
  scaleTargetRef: {kind: Deployment, name: web, apiVersion: apps/v1}
  maxReplicas: 3
  metrics: [{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 80}}}]
---
apiVersion: v1
kind: Secret
metadata: {name: web}
data: {a: YQ==}
---
apiVersion: batch/v1
kind: CronJob
metadata: {name: web}
spec:
  schedule: "* * * * *"
  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: a, image: "a:1"}]}}}}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata: {name: web}
spec: {minAvailable: 50%, selector: {matchLabels: {app: web}}}
"""


@pytest.fixture
def cluster(control_plane: ControlPlane) -> Iterator[Cluster]:
    cluster = control_cluster(Settings(kubeconfig=control_plane.kubeconfig_path), Link())
    with closing(cluster.transport):
        yield cluster


def judged(cluster: Cluster, manifest: Manifest) -> tuple[str, ...]:
    document = cluster.openapi.document(manifest.group_kind.group, manifest.version)
    assert document is not None
    return problems(manifest, document)


def placed(body: dict[str, Any], namespace: str) -> Manifest:
    return Manifest({**body, "metadata": {**body["metadata"], "namespace": namespace}})


@pytest.mark.parametrize("body", list(yaml.safe_load_all(FINE)), ids=lambda body: str(body["kind"]))
def test_what_the_server_takes_has_no_problem(cluster: Cluster, namespace: str, body: dict[str, Any]) -> None:
    manifest = placed(body, namespace)
    assert judged(cluster, manifest) == ()
    Writer(cluster, "argocd-controller", lambda: None).apply(manifest, live=None)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"dataa": {}}, 'unknown field "dataa"'),
        ({"data": {"a": 5}}, "data.a: expected string, got integer"),
        ({"immutable": "yes"}, "immutable: expected boolean, got string"),
    ],
)
def test_what_is_called_invalid_the_server_refuses_too(
    cluster: Cluster, namespace: str, change: dict[str, Any], problem: str
) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, **change}
    assert judged(cluster, placed(body, namespace)) == (problem,)
    with pytest.raises(ObjectRejected):
        Writer(cluster, "argocd-controller", lambda: None).apply(placed(body, namespace), live=None)


def test_clusters_that_say_the_same_share_one_document_which_is_fetched_once(
    cluster: Cluster, control_plane: ControlPlane
) -> None:
    other = control_cluster(Settings(kubeconfig=control_plane.kubeconfig_path), Link())
    with closing(other.transport):
        mine, theirs = OpenApi(cluster.transport, SHARED), OpenApi(other.transport, SHARED)
        assert mine.document("apps", "v1") is theirs.document("apps", "v1")
        assert mine.document("apps", "v1") is mine.document("apps", "v1", fresh=True)
        assert mine.document("nowhere.example", "v1") is None


def test_a_definition_that_changed_is_seen_when_asked_anew(cluster: Cluster, control_plane: ControlPlane) -> None:
    def definition(*fields: str) -> dict[str, Any]:
        spec = {"type": "object", "properties": {field: {"type": "string"} for field in fields}}
        schema = {"type": "object", "properties": {"spec": spec}}
        version = {"name": "v1", "served": True, "storage": True, "schema": {"openAPIV3Schema": schema}}
        names = {"plural": "lamps", "singular": "lamp", "kind": "Lamp", "listKind": "LampList"}
        body = {"group": "openapi.example.com", "scope": "Cluster", "names": names, "versions": [version]}
        metadata = {"name": "lamps.openapi.example.com"}
        kind = {"apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition"}
        return {**kind, "metadata": metadata, "spec": body}

    lamp = Manifest(
        {"apiVersion": "openapi.example.com/v1", "kind": "Lamp", "metadata": {"name": "a"}, "spec": {"hue": "x"}}
    )

    def said() -> tuple[str, ...] | None:
        document = cluster.openapi.document("openapi.example.com", "v1", fresh=True)
        return problems(lamp, document) if document else None

    control_plane.api.apply(definition("glow"))
    wait_for(lambda: said() == ('unknown field "spec.hue"',), "the schema to be published", timeout_s=20)
    control_plane.api.apply(definition("glow", "hue"))
    wait_for(lambda: said() == (), "the changed schema to be published", timeout_s=20)
