"""One worker for all tests of a module, and for each test a tenant of it: a repository, a namespace and a clock."""

from __future__ import annotations

import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from reconciler.models.keys import AppKey
from reconciler.models.manifest import JsonObject
from reconciler.models.result import ReconcileResult
from reconciler.sandbox.api import ApiError
from reconciler.sandbox.controlplane import ControlPlane
from reconciler.sandbox.gitserver import GitServer
from reconciler.sandbox.kubeconfig import write_kubeconfig
from reconciler.sandbox.valkey import Valkey
from reconciler.sandbox.waiting import wait_for
from reconciler.services import Services, utc_now
from tests.support.audit import MUTATING, AuditEvent, AuditLog
from tests.support.flow import PROJECT, Crew, a_crew

READ_ONLY = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["get", "list", "watch"]}]
EVERYTHING = [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]


def a_config_map(name: str, *, annotations: Mapping[str, str] | None = None, **data: str) -> str:
    """YAML of a ConfigMap without a namespace."""
    marks = "".join(f"    {key}: {value!r}\n" for key, value in (annotations or {}).items())
    lines = "".join(f"  {key}: {value!r}\n" for key, value in data.items())
    metadata = f"metadata:\n  name: {name}\n" + (f"  annotations:\n{marks}" if marks else "")
    return f"apiVersion: v1\nkind: ConfigMap\n{metadata}" + (f"data:\n{lines}" if lines else "")


@dataclass
class Tenant(Crew):
    """A crew whose worker others use too, under a user name of its own in the audit log."""

    user: str = ""

    def application(self, name: str = "", path: str = "web", **spec: Any) -> JsonObject:
        """As a crew's, named after the tenant's repository unless told otherwise."""
        return super().application(name or self.repo, path, **spec)

    def deploy(self, files: Mapping[str, str], **spec: Any) -> AppKey:
        """A repository with these files below `web/`, and an Application that has been reconciled once."""
        self.git.create(self.repo, {f"web/{name}": text for name, text in files.items()})
        key = self.create(self.application(**spec))
        self.reconcile(key)
        return key

    def push(self, files: Mapping[str, str | None], *, to: str = "web") -> str:
        """Commits below `to/`, and what the webhook makes happen: a refresh. The commit's SHA."""
        commit = self.git.commit(self.repo, {f"{to}/{name}": text for name, text in files.items()})
        self.refresh()
        return commit

    def link(self, links: Mapping[str, str]) -> None:
        """A commit of symbolic links, by path from the root of the repository, and a refresh."""
        repository = self.git.repository(self.repo)
        head = f"commit refs/heads/main\ncommitter Sandbox <sandbox@example.com> now\n{_data('Link')}"
        changes = "".join(f"M 120000 inline {path}\n{_data(target)}" for path, target in links.items())
        stream = f"{head}from {repository.refs()['refs/heads/main']}\n{changes}"
        repository.git("fast-import", "--quiet", "--date-format=now", stdin=stream.encode())
        self.refresh()

    def edit(self, key: AppKey, **spec: Any) -> ReconcileResult:
        """Merges fields into the spec, and the pass that follows."""
        self.patch(key, {"spec": spec})
        self.services.readers.catalog.invalidate()
        return self.reconcile(key)

    def project(self, **spec: Any) -> str:
        """A project of the tenant's own, which permits everything but for what `spec` overrides; its name."""
        body = {**PROJECT, "metadata": {"name": self.repo, "namespace": self.control_namespace}}
        self.plane.api.apply({**body, "spec": {**PROJECT["spec"], **spec}})
        self.services.readers.catalog.invalidate()
        return self.repo

    def settings(self, data: Mapping[str, str]) -> None:
        """Argo CD's settings for all tenants of the worker: whoever changes them takes them back."""
        labels = {"app.kubernetes.io/part-of": "argocd"}
        metadata = {"name": "argocd-cm", "namespace": self.control_namespace, "labels": labels}
        self.plane.api.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": dict(data)})
        self.services.readers.catalog.invalidate()

    def serve(self, definition: JsonObject) -> None:
        """Installs a CustomResourceDefinition, and waits until the API server serves its kind."""
        self.plane.api.create(definition)
        wait_for(lambda: self._serves(definition), "the kind to be served", timeout_s=20)

    def unserve(self, definition: JsonObject) -> None:
        """Removes it, with all objects of its kind."""
        self.plane.api.delete(self.plane.api.path(definition))
        wait_for(lambda: not self._serves(definition), "the kind to be served no more", timeout_s=20)

    def _serves(self, definition: JsonObject) -> bool:
        """Whether the kind can be listed; while it comes or goes, the server asks for patience."""
        spec = definition["spec"]
        try:
            self.plane.api.get(f"/apis/{spec['group']}/{spec['versions'][0]['name']}/{spec['names']['plural']}")
        except ApiError as error:
            if error.code not in (404, 429):
                raise
            return False
        return True

    def annotate(self, key: AppKey, **annotations: str | None) -> None:
        """Sets annotations `argocd.argoproj.io/<name>`, with _ for - in the names."""
        marks = {f"argocd.argoproj.io/{name.replace('_', '-')}": text for name, text in annotations.items()}
        self.patch(key, {"metadata": {"annotations": marks}})

    def ask(self, key: AppKey, **sync: Any) -> None:
        """Asks for a sync as a client does; `retry` goes beside it."""
        beside = {"retry": sync.pop("retry")} if "retry" in sync else {}
        self.patch(key, {"operation": {"initiatedBy": {"username": "ada"}, "sync": sync, **beside}})

    def approve(self, key: AppKey, *, later_s: float = 0) -> None:
        """Approves deletions at the time of the tenant's clock."""
        at = self.services.readers.clock() + timedelta(seconds=later_s)
        self.annotate(key, deletion_approved=at.strftime("%Y-%m-%dT%H:%M:%SZ"))

    def state(self, key: AppKey) -> JsonObject:
        """The operationState."""
        found: JsonObject = self.status(key)["operationState"]
        return found

    def results(self, key: AppKey) -> dict[str, tuple[str, str]]:
        """Status and message of each object in the operation's result, by name."""
        listed = self.state(key)["syncResult"]["resources"]
        return {item["name"]: (item["status"], item["message"]) for item in listed}

    def let_pass(self, seconds: float) -> None:
        """The passes that follow happen so much later."""
        readers = self.services.readers
        before = readers.clock
        self.services = replace(
            self.services, readers=replace(readers, clock=lambda: before() + timedelta(seconds=seconds))
        )

    def app_path(self, key: AppKey) -> str:
        return f"/apis/argoproj.io/v1alpha1/namespaces/{key.namespace}/applications/{key.name}"

    def status(self, key: AppKey) -> JsonObject:
        found: JsonObject = self.read(key)["status"]
        return found

    def conditions(self, key: AppKey) -> dict[str, str]:
        """Messages by type."""
        return {item["type"]: item["message"] for item in self.status(key).get("conditions") or ()}

    def verdict(self, key: AppKey) -> tuple[str, str]:
        """Sync and health, as the status says."""
        status = self.status(key)
        return status["sync"]["status"], status["health"]["status"]

    def data(self, name: str) -> JsonObject | None:
        """`data` of a ConfigMap that is there and not being deleted."""
        found = self.config_map(name)
        if found is None or found["metadata"].get("deletionTimestamp"):
            return None
        content: JsonObject = found.get("data") or {}
        return content

    def by_hand(self, name: str, body: JsonObject) -> None:
        """Somebody's own edit of a ConfigMap."""
        path = f"/api/v1/namespaces/{self.target_namespace}/configmaps/{name}?fieldManager=somebody"
        self.plane.api.patch(path, body)

    def remove_by_hand(self, name: str) -> None:
        self.plane.api.delete(f"/api/v1/namespaces/{self.target_namespace}/configmaps/{name}")

    def audit(self) -> AuditLog:
        """What the API server answers from now on."""
        # From the end of the file: what many tests have left there is not to be read again by each of them.
        return AuditLog(self.plane.audit_log, api=self.plane.api).from_now()

    def sent(self, log: AuditLog, *, everywhere: bool = False) -> Sequence[AuditEvent]:
        """What our worker sent that could have changed something in this tenant's namespace, refused or not."""
        ours = [event for event in log.events() if event.user == self.user and event.mutating]
        return [event for event in ours if everywhere or event.namespace == self.target_namespace]

    def tried(self, log: AuditLog) -> Sequence[AuditEvent]:
        """Every request of our worker with a mutating verb, dry runs included."""
        return [event for event in log.events() if event.user == self.user and event.verb in MUTATING]


def _data(text: str) -> str:
    return f"data {len(text)}\n{text}\n"


def as_user(plane: ControlPlane, folder: Path, rules: Sequence[JsonObject]) -> tuple[str, Path]:
    """A new user with these rights: its name in the audit log, and its kubeconfig."""
    folder.mkdir(exist_ok=True)
    name, api = f"worker-{secrets.token_hex(4)}", plane.api
    subject = {"kind": "ServiceAccount", "name": name, "namespace": "default"}
    role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": name}
    rbac = {"apiVersion": "rbac.authorization.k8s.io/v1", "metadata": {"name": name}}
    api.create({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}})
    api.create({**rbac, "kind": "ClusterRole", "rules": list(rules)})
    api.create({**rbac, "kind": "ClusterRoleBinding", "roleRef": role, "subjects": [subject]})
    asked = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {"expirationSeconds": 7200}}
    answer = api.request("POST", f"/api/v1/namespaces/default/serviceaccounts/{name}/token", asked)
    access = replace(plane.access(), token=answer["status"]["token"])
    return f"system:serviceaccount:default:{name}", write_kubeconfig(folder / f"{name}.kubeconfig", {"test": access})


@contextmanager
def a_tenant(
    plane: ControlPlane,
    valkey: Valkey,
    git: GitServer,
    folder: Path,
    *,
    rules: Sequence[JsonObject] = EVERYTHING,
    **settings: Any,
) -> Iterator[Tenant]:
    """The first tenant of a new worker, which is a user of its own."""
    user, kubeconfig = as_user(plane, folder, rules)
    with a_crew(plane, valkey, git, folder, **{"kubeconfig": kubeconfig, "heartbeat_ttl_s": 1.0, **settings}) as crew:
        yield tenant_of(crew, user)


def tenant_of(crew: Crew, user: str) -> Tenant:
    return Tenant(crew.plane, crew.git, crew.services, crew.control_namespace, crew.target_namespace, user=user)


def neighbour(first: Tenant) -> Tenant:
    """One more tenant of the same worker, with nothing of its own yet but a namespace."""
    name = f"target-{secrets.token_hex(4)}"
    first.plane.api.create({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}})
    services = first.services
    fresh = Services(replace(services.readers, clock=utc_now), services.stores, services.recorder)
    return replace(first, services=fresh, target_namespace=name, repo=f"fleet-{secrets.token_hex(4)}")
