"""Argo CD's words: keys of annotations, labels and finalizers, and the values that fields take. Nothing else.

Read as `words.REFRESH`. Source: Argo CD 3.6, annotation and label index, enumerations of status and operation.
"""

from __future__ import annotations

from typing import Final

# API
GROUP: Final = "argoproj.io"
VERSION: Final = "v1alpha1"
API_VERSION: Final = "argoproj.io/v1alpha1"

# Ours
CONTROLLER: Final = "reconciler.dev/controller"
MASS_DELETION: Final = "reconciler.dev/allow-mass-deletion"
SOPS_KEYS: Final = "reconciler.dev/sops-keys"
"""On an AppProject: the Secret that holds the keys of its encrypted files."""

LOAD_RESTRICTOR: Final = "reconciler.dev/kustomize-load-restrictor"
CONTROLLER_ACTIVE: Final = "active"
OPERATION: Final = "reconciler.dev/operation"
"""On a hook: the attempt of an operation, and the phase, that it was created for."""

PRUNE_LIMIT: Final = "reconciler.dev/prune-limit"
"""On an AppProject: how much an automated sync may prune without a confirmation."""

# Annotations of Applications
REFRESH: Final = "argocd.argoproj.io/refresh"
REFRESH_TIMESTAMP: Final = "argocd.argoproj.io/refresh-timestamp"
HYDRATE: Final = "argocd.argoproj.io/hydrate"
HYDRATE_TIMESTAMP: Final = "argocd.argoproj.io/hydrate-timestamp"
SKIP_RECONCILE: Final = "argocd.argoproj.io/skip-reconcile"
MANIFEST_GENERATE_PATHS: Final = "argocd.argoproj.io/manifest-generate-paths"
DELETION_APPROVED: Final = "argocd.argoproj.io/deletion-approved"
MIGRATION_MANAGER: Final = "argocd.argoproj.io/client-side-apply-migration-manager"
MANAGED_BY_URL: Final = "argocd.argoproj.io/managed-by-url"
APPLICATION_SET_REFRESH: Final = "argocd.argoproj.io/application-set-refresh"
NOTIFIED: Final = "notified.notifications.argoproj.io"
SUBSCRIBE_PREFIX: Final = "notifications.argoproj.io/subscribe."

# Annotations of managed objects
SYNC_OPTIONS: Final = "argocd.argoproj.io/sync-options"
SYNC_WAVE: Final = "argocd.argoproj.io/sync-wave"
HOOK: Final = "argocd.argoproj.io/hook"
HOOK_DELETE_POLICY: Final = "argocd.argoproj.io/hook-delete-policy"
COMPARE_OPTIONS: Final = "argocd.argoproj.io/compare-options"
IGNORE_HEALTHCHECK: Final = "argocd.argoproj.io/ignore-healthcheck"
IGNORE_RESTART_POLICY: Final = "argocd.argoproj.io/ignore-restart-policy"
IGNORE_RESOURCE_UPDATES: Final = "argocd.argoproj.io/ignore-resource-updates"
IGNORE_DEFAULT_LINKS: Final = "argocd.argoproj.io/ignore-default-links"
TRACKING_ID: Final = "argocd.argoproj.io/tracking-id"
INSTALLATION_ID: Final = "argocd.argoproj.io/installation-id"
HELM_HOOK: Final = "helm.sh/hook"
HELM_HOOK_WEIGHT: Final = "helm.sh/hook-weight"
HELM_HOOK_DELETE_POLICY: Final = "helm.sh/hook-delete-policy"
HELM_RESOURCE_POLICY: Final = "helm.sh/resource-policy"
LAST_APPLIED: Final = "kubectl.kubernetes.io/last-applied-configuration"

# Labels
INSTANCE_LABEL: Final = "app.kubernetes.io/instance"
PART_OF: Final = "app.kubernetes.io/part-of"
PART_OF_ARGOCD: Final = "argocd"
SECRET_TYPE: Final = "argocd.argoproj.io/secret-type"  # noqa: S105  # a label key
AUTO_LABEL_CLUSTER_INFO: Final = "argocd.argoproj.io/auto-label-cluster-info"
KUBERNETES_VERSION: Final = "argocd.argoproj.io/kubernetes-version"

# Finalizers
FINALIZER: Final = "resources-finalizer.argocd.argoproj.io"
FINALIZER_FOREGROUND: Final = "resources-finalizer.argocd.argoproj.io/foreground"
FINALIZER_BACKGROUND: Final = "resources-finalizer.argocd.argoproj.io/background"
PRE_DELETE_FINALIZER: Final = "pre-delete-finalizer.argocd.argoproj.io"
PRE_DELETE_CLEANUP: Final = "pre-delete-finalizer.argocd.argoproj.io/cleanup"
POST_DELETE_FINALIZER: Final = "post-delete-finalizer.argocd.argoproj.io"
POST_DELETE_CLEANUP: Final = "post-delete-finalizer.argocd.argoproj.io/cleanup"
HOOK_FINALIZER: Final = "argocd.argoproj.io/hook-finalizer"
CASCADE_PROPAGATION: Final = {
    FINALIZER: "Foreground",
    FINALIZER_FOREGROUND: "Foreground",
    FINALIZER_BACKGROUND: "Background",
}
"""Finalizers that ask for a cascading deletion → Kubernetes' propagation policy."""

# Values
TRUE: Final = "true"
REFRESH_NORMAL: Final = "normal"
REFRESH_HARD: Final = "hard"
DEFAULT_PROJECT: Final = "default"
IN_CLUSTER_NAME: Final = "in-cluster"
SECRET_TYPES: Final = ("cluster", "repository", "repo-creds", "repository-write", "repo-write-creds", "scm-creds")
SYNC_CODES: Final = ("Synced", "OutOfSync", "Unknown")
HEALTH_CODES: Final = ("Healthy", "Suspended", "Progressing", "Missing", "Degraded", "Unknown")
"""Best first."""

RUNNING: Final = "Running"
TERMINATING: Final = "Terminating"
FAILED: Final = "Failed"
ERROR: Final = "Error"
SUCCEEDED: Final = "Succeeded"
COMPLETED: Final = frozenset({FAILED, ERROR, SUCCEEDED})
"""Operation phases that end an operation."""

RESULT_CODES: Final = ("Synced", "SyncFailed", "Pruned", "PruneSkipped")
SYNC_PHASES: Final = ("PreSync", "Sync", "PostSync", "SyncFail")
"""In the order in which they run; the last one only after a failure."""
HOOK_SUCCEEDED: Final = "HookSucceeded"
HOOK_FAILED: Final = "HookFailed"
BEFORE_HOOK_CREATION: Final = "BeforeHookCreation"
HOOK_TYPES: Final = ("PreSync", "Sync", "PostSync", "SyncFail", "Skip", "PreDelete", "PostDelete")
SOURCE_TYPES: Final = ("Helm", "Kustomize", "Directory", "Plugin")

# Condition types
DELETION_ERROR: Final = "DeletionError"
INVALID_SPEC_ERROR: Final = "InvalidSpecError"
COMPARISON_ERROR: Final = "ComparisonError"
SYNC_ERROR: Final = "SyncError"
UNKNOWN_ERROR: Final = "UnknownError"
SHARED_RESOURCE_WARNING: Final = "SharedResourceWarning"
REPEATED_RESOURCE_WARNING: Final = "RepeatedResourceWarning"
EXCLUDED_RESOURCE_WARNING: Final = "ExcludedResourceWarning"
ORPHANED_RESOURCE_WARNING: Final = "OrphanedResourceWarning"
FLOATING_VERSION_WARNING: Final = "FloatingVersionWarning"
"""Ours: a chart whose version changes without a commit."""

CONDITION_TYPES: Final = (
    DELETION_ERROR,
    INVALID_SPEC_ERROR,
    COMPARISON_ERROR,
    SYNC_ERROR,
    UNKNOWN_ERROR,
    SHARED_RESOURCE_WARNING,
    REPEATED_RESOURCE_WARNING,
    EXCLUDED_RESOURCE_WARNING,
    ORPHANED_RESOURCE_WARNING,
    FLOATING_VERSION_WARNING,
)
