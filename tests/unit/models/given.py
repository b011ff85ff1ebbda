"""Objects that the tests of the models start from."""

import base64
import json
from typing import Any

Json = dict[str, Any]

SOURCE: Json = {"repoURL": "https://git.example.com/fleet.git", "path": "apps/orders", "targetRevision": "main"}
DESTINATION: Json = {"server": "https://kubernetes.default.svc", "namespace": "orders"}
RESOURCE: Json = {"group": "apps", "version": "v1", "kind": "Deployment", "namespace": "orders", "name": "api"}


def application(**spec: Any) -> Json:
    """A valid Application; `spec` fields replace its own."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": {"name": "orders", "namespace": "argocd", "uid": "u-1", "annotations": {"team": "a"}},
        "spec": {"project": "shop", "source": SOURCE, "destination": DESTINATION, **spec},
    }


def full_application() -> Json:
    """An Application with spec, operation and status as a controller leaves them, and fields that nobody knows."""
    policy = {
        "automated": {"prune": True, "selfHeal": True},
        "syncOptions": ["CreateNamespace=true"],
        "retry": {"limit": 3, "backoff": {"duration": "5s", "factor": 2, "maxDuration": "3m"}},
    }
    operation = {
        "sync": {"revision": "a" * 40, "prune": True, "syncOptions": ["Validate=false"]},
        "retry": {"limit": 5},
    }
    made = application(syncPolicy=policy, revisionHistoryLimit=3, ofTomorrow={"deep": [{"kept": True}]})
    made["operation"] = operation
    made["status"] = {
        "sync": {
            "status": "Synced",
            "revision": "a" * 40,
            "comparedTo": {"source": SOURCE, "destination": DESTINATION},
        },
        "health": {"status": "Healthy"},
        "resources": [{**RESOURCE, "status": "Synced", "health": {"status": "Healthy"}}],
        "history": [{"id": 4, "revision": "a" * 40, "source": SOURCE, "deployedAt": "2026-01-01T00:00:00Z"}],
        "operationState": {
            "operation": operation,
            "phase": "Running",
            "startedAt": "2026-01-01T00:00:00Z",
            "finishedAt": "2026-01-01T00:00:09Z",
            "retryCount": 1,
        },
        "summary": {"images": ["api:1"], "externalURLs": ["https://orders"], "ofTomorrow": 1},
    }
    # Through JSON, so that no two places share one object.
    copied: Json = json.loads(json.dumps(made))
    return copied


def secret(secret_type: str, **text: str) -> Json:
    """A Secret as the API server gives it."""
    return {
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "argocd", "labels": {"argocd.argoproj.io/secret-type": secret_type}},
        "data": {key: encoded(value) for key, value in text.items()},
    }


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def cluster_secret(config: Json, **text: str) -> Json:
    return secret("cluster", server="https://c1:6443/", config=json.dumps(config), **text)
