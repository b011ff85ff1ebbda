"""What is counted, under Argo CD's names where it has one, so that dashboards keep working. Definitions only."""

from __future__ import annotations

from prometheus_client import Counter, Gauge, Histogram

APP_LABELS = ("namespace", "name", "project")

app_sync_total = Counter("argocd_app_sync", "Operations that ended.", (*APP_LABELS, "dest_server", "phase", "dry_run"))
app_sync_duration = Counter(
    "argocd_app_sync_duration_seconds", "Seconds that ended operations took.", (*APP_LABELS, "dest_server")
)
app_reconcile = Histogram(
    "argocd_app_reconcile", "Seconds of one pass.", ("namespace", "dest_server"), buckets=(0.25, 0.5, 1, 2, 4, 8, 16)
)
k8s_request_total = Counter("argocd_app_k8s_request", "Calls to API servers.", ("server", "response_code", "verb"))
git_request_total = Counter("argocd_git_request", "Looks at Git servers and fetches.", ("repo", "request_type"))
git_lsremote_fail_total = Counter("argocd_git_lsremote_fail", "Looks at Git servers that failed.", ("repo",))
git_fetch_fail_total = Counter("argocd_git_fetch_fail", "Fetches that failed.", ("repo",))
webhook_requests_total = Counter("argocd_webhook_requests", "Webhook deliveries.", ("provider", "answer"))
renders_total = Counter("reconciler_renders", "Sources that were rendered, not found in the cache.")
pass_total = Counter("reconciler_passes", "Passes over applications.", ("lane", "verdict"))
due_entries = Gauge("reconciler_due_entries", "Entries that are due, by lane.", ("lane",))
due_lag_seconds = Gauge("reconciler_due_lag_seconds", "How late the latest entry is, by lane.", ("lane",))
issued_entries = Gauge("reconciler_issued_entries", "Entries that are handed out, by lane.", ("lane",))
