"""Rows of an Application: spec, operation, annotations and finalizers."""

from __future__ import annotations

from reconciler.models import words
from reconciler.models.honoured.row import Place, Row, honoured, idle, ignored

_APP: Place = "Application"
_MARK: Place = "Application annotation"
_END: Place = "Application finalizer"
_PLUGINS = "tests/contract/test_plugins.py::"
_FIELD = "tests/compat/test_fields_are_honoured.py::"
_DOES = "tests/compat/test_operations_are_honoured.py::"
_OPERATION = "tests/unit/plan/test_operation.py::"
_PLACES = "tests/compat/test_places_are_honoured.py::"
_SEVERAL = "tests/flow/test_sources.py::"
_CHARTS = "tests/flow/test_charts.py::"
_REFS = "tests/unit/sources/test_refs.py::"
_GATE = "tests/unit/plan/test_gate.py::test_only_what_was_claimed_is_written"
_KEPT = "tests/unit/models/test_wire.py::test_unknown_fields_come_back_as_they_were"

_HELM = (
    *("valueFiles", "values", "valuesObject", "parameters", "fileParameters", "releaseName", "ignoreMissingValueFiles"),
    *("skipCrds", "skipTests", "skipSchemaValidation", "namespace", "kubeVersion", "apiVersions"),
)
_KUSTOMIZE = (
    *("namePrefix", "nameSuffix", "images", "commonLabels", "commonAnnotations", "forceCommonLabels"),
    *("forceCommonAnnotations", "commonAnnotationsEnvsubst", "labelWithoutSelector", "labelIncludeTemplates"),
    *("namespace", "replicas", "patches", "components", "ignoreMissingComponents", "version", "kubeVersion"),
    "apiVersions",
)


def _source(at: str) -> tuple[Row, ...]:
    """Rows of one source, whose settings stand in the spec or in a requested operation."""
    return (
        *honoured(
            _APP,
            _FIELD + "test_another_source_is_another_rendering_and_another_sync",
            *(f"{at}.repoURL", f"{at}.path"),
        ),
        *honoured(_APP, _OPERATION + "test_a_pass_renders_what_its_operation_pinned", f"{at}.targetRevision"),
        *honoured(
            _APP,
            _FIELD + "test_directory_settings_reach_the_renderer",
            *(f"{at}.directory.{field}" for field in ("recurse", "include", "exclude", "disableExtensionFilter")),
        ),
        *honoured(_APP, _KEPT, f"{at}.name", note="shown to people; kept as it is"),
        *honoured(_APP, _FIELD + "test_helm_settings_reach_the_renderer", *(f"{at}.helm.{field}" for field in _HELM)),
        *honoured(_APP, _CHARTS + "test_pass_credentials_reaches_the_fetch", f"{at}.helm.passCredentials"),
        *idle(_APP, "every chart is rendered by the engine of Helm 4, as Argo CD does", f"{at}.helm.version"),
        *honoured(
            _APP,
            _FIELD + "test_kustomize_settings_reach_the_renderer",
            *(f"{at}.kustomize.{field}" for field in _KUSTOMIZE),
        ),
        *honoured(
            _APP,
            _PLUGINS + "test_a_plugin_renders_what_its_commands_print",
            *(f"{at}.plugin.{field}" for field in ("name", "env", "parameters")),
            note="plugins run in a cell without a network: docs/security.md",
        ),
        *honoured(
            _APP,
            _FIELD + "test_directory_settings_reach_the_renderer",
            *(f"{at}.directory.jsonnet.{field}" for field in ("extVars", "tlas", "libs")),
        ),
        *honoured(
            _APP, _CHARTS + "test_a_chart_is_deployed_from_its_repository_and_its_version_is_shown", f"{at}.chart"
        ),
        *honoured(_APP, _SEVERAL + "test_a_source_with_a_ref_and_no_path_renders_nothing", f"{at}.ref"),
        *honoured(_APP, _REFS + "test_a_range_is_the_highest_tag_that_satisfies_it", f"{at}.tagPrefix"),
    )


_SOURCES: tuple[Row, ...] = (
    *_source("spec.source"),
    *_source("spec.sources"),
    *ignored(
        _APP,
        *("spec.sourceHydrator.drySource", "spec.sourceHydrator.syncSource", "spec.sourceHydrator.hydrateTo"),
    ),
)

_PLACE: tuple[Row, ...] = (
    *honoured(
        _APP,
        _PLACES + "test_an_application_goes_to_the_cluster_that_it_names",
        *("spec.destination.server", "spec.destination.name"),
    ),
    *honoured(
        _APP,
        _FIELD + "test_the_destination_namespace_is_given_to_objects_without_one",
        "spec.destination.namespace",
    ),
    *honoured(
        _APP,
        _PLACES + "test_an_application_belongs_to_the_project_that_it_names",
        "spec.project",
    ),
)

_AUTOMATED = "spec.syncPolicy.automated."
_RETRY = "spec.syncPolicy.retry."

_POLICY: tuple[Row, ...] = (
    *honoured(_APP, _FIELD + "test_only_enabled_automation_syncs", _AUTOMATED + "enabled"),
    *honoured(_APP, _FIELD + "test_automated_prune_removes_what_is_no_longer_wanted", _AUTOMATED + "prune"),
    *honoured(
        _APP,
        _FIELD + "test_self_heal_mends_what_drifted_after_a_successful_sync",
        _AUTOMATED + "selfHeal",
    ),
    *honoured(
        _APP,
        _FIELD + "test_allow_empty_lets_an_automated_prune_remove_the_last_object",
        _AUTOMATED + "allowEmpty",
    ),
    *honoured(
        _APP,
        _FIELD + "test_an_automated_sync_carries_the_retry_and_the_options_of_the_spec",
        *(_RETRY + "limit", _RETRY + "backoff.duration", _RETRY + "backoff.factor", _RETRY + "backoff.maxDuration"),
        *(_RETRY + "refresh", "spec.syncPolicy.syncOptions"),
    ),
    *honoured(
        _APP,
        _FIELD + "test_namespace_metadata_makes_a_namespace_that_is_kept_so",
        *("spec.syncPolicy.managedNamespaceMetadata.labels", "spec.syncPolicy.managedNamespaceMetadata.annotations"),
    ),
)

_COMPARISON: tuple[Row, ...] = (
    *honoured(
        _APP,
        _FIELD + "test_json_pointers_take_fields_out_of_the_comparison",
        *(f"spec.ignoreDifferences.{field}" for field in ("group", "kind", "name", "namespace", "jsonPointers")),
    ),
    *honoured(
        _APP,
        _FIELD + "test_what_a_named_manager_owns_is_not_compared",
        "spec.ignoreDifferences.managedFieldsManagers",
    ),
    *honoured(
        _APP,
        _FIELD + "test_jq_expressions_take_fields_out_of_the_comparison",
        "spec.ignoreDifferences.jqPathExpressions",
    ),
    *honoured(_APP, _FIELD + "test_the_history_is_as_long_as_its_limit", "spec.revisionHistoryLimit"),
    *honoured(_APP, _KEPT, "spec.info", note="shown to people; kept as it is"),
)

SPEC = (*_SOURCES, *_PLACE, *_POLICY, *_COMPARISON)

_SYNC = "operation.sync."

OPERATION: tuple[Row, ...] = (
    *honoured(_APP, _OPERATION + "test_a_pass_renders_what_its_operation_pinned", _SYNC + "revision"),
    *_source(_SYNC + "source"),
    *honoured(_APP, _OPERATION + "test_each_source_has_a_revision_of_its_own", _SYNC + "revisions"),
    *_source(_SYNC + "sources"),
    *honoured(_APP, _DOES + "test_an_operation_prunes_when_it_says_so", _SYNC + "prune"),
    *honoured(_APP, _DOES + "test_a_dry_run_writes_nothing", _SYNC + "dryRun"),
    *honoured(_APP, _DOES + "test_a_partial_sync_covers_what_it_names", _SYNC + "resources"),
    *honoured(
        _APP,
        _DOES + "test_an_operation_creates_the_namespace_when_its_own_options_say_so",
        _SYNC + "syncOptions",
    ),
    *honoured(_APP, _FIELD + "test_the_count_of_heals_spaces_them", _SYNC + "autoHealAttemptsCount"),
    *honoured(
        _APP,
        _DOES + "test_who_asked_decides_whether_the_guard_on_emptiness_holds",
        "operation.initiatedBy.automated",
    ),
    *honoured(
        _APP, _OPERATION + "test_a_started_operation_is_stored_as_it_was_asked_for", "operation.initiatedBy.username"
    ),
    *honoured(
        _APP,
        _OPERATION + "test_a_failed_attempt_with_retries_left_waits_as_running_with_a_finish_time",
        "operation.retry.limit",
    ),
    *honoured(
        _APP,
        _OPERATION + "test_the_wait_before_a_retry_doubles_from_ten_seconds_up_to_its_cap",
        *(f"operation.retry.backoff.{field}" for field in ("duration", "factor", "maxDuration")),
    ),
    *honoured(_APP, _OPERATION + "test_a_retry_that_refreshes_forgets_its_revision_too", "operation.retry.refresh"),
    *ignored(_APP, "operation.sync.manifests", note="local manifests"),
    *honoured(
        _APP,
        "tests/compat/test_options_are_honoured.py::test_only_what_is_named_is_deleted_by_force",
        *("operation.sync.syncStrategy.apply.force", "operation.sync.syncStrategy.hook.force"),
        note="of the objects that the operation names",
    ),
    *honoured(
        _APP,
        _OPERATION + "test_a_terminating_operation_ends_failed",
        "status.operationState.phase",
        note="`Terminating` ends an operation",
    ),
    *honoured(_APP, _KEPT, "operation.info", note="shown to people; kept as it is"),
)

ANNOTATIONS: tuple[Row, ...] = (
    *honoured(_MARK, _GATE, words.SKIP_RECONCILE),
    *honoured(
        _MARK,
        _DOES + "test_a_refresh_is_answered_by_removing_its_request_unless_a_newer_one_came",
        *(words.REFRESH, words.REFRESH_TIMESTAMP),
    ),
    *honoured(
        _MARK,
        _DOES + "test_prune_confirm_waits_for_an_approval_after_the_start",
        words.DELETION_APPROVED,
    ),
    *honoured(_MARK, _DOES + "test_the_named_manager_is_migrated_too", words.MIGRATION_MANAGER),
    *idle(
        _MARK,
        "it asks for hydration, and a source hydrator counts by itself",
        *(words.HYDRATE, words.HYDRATE_TIMESTAMP),
    ),
    *idle(
        _MARK,
        "each render reports the files that it read, so an unaffected push renders nothing without being told",
        words.MANIFEST_GENERATE_PATHS,
    ),
    *idle(_MARK, "there are no notifications in this version", words.SUBSCRIBE_PREFIX + "*", words.NOTIFIED),
    *idle(
        _MARK,
        "shown to people",
        *(words.MANAGED_BY_URL, "link.argocd.argoproj.io/*", "notice.argocd.argoproj.io/*"),
        *("pref.argocd.argoproj.io/*", words.IGNORE_DEFAULT_LINKS),
    ),
    *idle(
        _MARK,
        "it speaks of the Application as an object of a parent application, whose pass reads it",
        *(words.TRACKING_ID, words.SYNC_WAVE, words.SYNC_OPTIONS, words.HOOK, words.HOOK_DELETE_POLICY),
        *(words.IGNORE_HEALTHCHECK, words.IGNORE_RESOURCE_UPDATES, words.INSTALLATION_ID),
    ),
)

FINALIZERS: tuple[Row, ...] = (
    *honoured(_END, _DOES + "test_a_finalizer_asks_for_a_cascading_deletion", *words.CASCADE_PROPAGATION),
    *honoured(
        _END,
        _DOES + "test_a_finalizer_holds_an_application_until_its_deletion_hooks_have_run",
        *(words.PRE_DELETE_FINALIZER, words.PRE_DELETE_CLEANUP, words.POST_DELETE_FINALIZER, words.POST_DELETE_CLEANUP),
        note="set where deletion hooks exist",
    ),
)

ROWS = (*SPEC, *OPERATION, *ANNOTATIONS, *FINALIZERS)
