"""Rows of sync options and compare options, and of annotations on managed objects."""

from __future__ import annotations

from reconciler.models import words
from reconciler.models.honoured.row import Place, Row, honoured, idle

_OF_APP: Place = "Application sync option"
_OF_OBJECT: Place = "object sync option"
_COMPARE: Place = "compare option"
_MARK: Place = "object annotation"

_DOES = "tests/compat/test_operations_are_honoured.py::"
_OPTION = "tests/compat/test_options_are_honoured.py::"
_FIELD = "tests/compat/test_fields_are_honoured.py::"

_OF_APP_ONLY = (
    *("PrunePropagationPolicy=background", "PrunePropagationPolicy=orphan", "PrunePropagationPolicy=foreground"),
    *("ClientSideApplyMigration=false", "FailOnSharedResource=true", "RespectIgnoreDifferences=true"),
    *("CreateNamespace=true", "ApplyOutOfSyncOnly=true"),
)


def _everywhere(place: Place) -> tuple[Row, ...]:
    """Options that an application may give for all of its objects, and an object for itself."""
    return (
        *honoured(place, _DOES + "test_prune_false_keeps_an_object", "Prune=false"),
        *honoured(place, _DOES + "test_prune_confirm_waits_for_an_approval_after_the_start", "Prune=confirm"),
        *honoured(
            place,
            _DOES + "test_delete_options_rule_the_deletion_of_an_application",
            *("Delete=false", "Delete=confirm"),
        ),
        *honoured(place, _DOES + "test_prune_last_prunes_after_the_last_wave", "PruneLast=true"),
        *idle(place, "every apply is server-side", "ServerSideApply=true"),
        *idle(place, "it opts out of nothing: every apply is server-side (docs/adr/0003)", "ServerSideApply=false"),
        *honoured(
            place,
            _OPTION + "test_an_object_may_come_before_its_kind",
            "SkipDryRunOnMissingResource=true",
        ),
        *honoured(place, _OPTION + "test_an_object_may_be_replaced_as_a_whole", "Replace=true"),
        *honoured(
            place, "tests/flow/test_sync_options.py::test_unknown_fields_pass_without_validation", "Validate=false"
        ),
    )


OPTIONS: tuple[Row, ...] = (
    *_everywhere(_OF_APP),
    *honoured(
        _OF_APP,
        _DOES + "test_an_operation_creates_the_namespace_when_its_own_options_say_so",
        "CreateNamespace=true",
    ),
    *honoured(_OF_APP, _DOES + "test_only_what_is_out_of_sync_is_applied", "ApplyOutOfSyncOnly=true"),
    *honoured(
        _OF_APP,
        _DOES + "test_prunes_wait_for_dependents_as_by_default",
        "PrunePropagationPolicy=foreground",
    ),
    *honoured(
        _OF_APP,
        _OPTION + "test_an_operation_says_what_becomes_of_dependents_of_what_is_pruned",
        *("PrunePropagationPolicy=background", "PrunePropagationPolicy=orphan"),
    ),
    *honoured(
        _OF_APP,
        _OPTION + "test_ownership_is_left_where_it_is_without_migration",
        "ClientSideApplyMigration=false",
    ),
    *honoured(
        _OF_APP, _OPTION + "test_an_object_that_another_application_claims_may_fail_a_sync", "FailOnSharedResource=true"
    ),
    *honoured(_OF_APP, _OPTION + "test_fields_that_are_ignored_may_be_left_alone", "RespectIgnoreDifferences=true"),
    *idle(_OF_APP, "it is asked for on objects, and by operations", "Force=true"),
    *_everywhere(_OF_OBJECT),
    *honoured(_OF_OBJECT, _OPTION + "test_only_what_is_named_is_deleted_by_force", "Force=true"),
    *idle(_OF_OBJECT, "it is asked for on Applications", *_OF_APP_ONLY),
)

DEFAULT_OPTIONS = frozenset({"Prune=true", "Delete=true", "Validate=true", "ClientSideApplyMigration=true"}) | {
    f"{name}=false"
    for name in (
        *("SkipDryRunOnMissingResource", "ApplyOutOfSyncOnly", "PruneLast", "Replace", "Force"),
        *("FailOnSharedResource", "RespectIgnoreDifferences", "CreateNamespace"),
    )
}
"""Options that say what holds anyway."""

COMPARE_OPTIONS: tuple[Row, ...] = (
    *honoured(
        _COMPARE,
        _FIELD + "test_an_object_marked_extraneous_does_not_make_the_application_out_of_sync",
        "IgnoreExtraneous",
    ),
    *honoured(
        _COMPARE,
        "tests/unit/passes/test_looking.py::test_an_application_may_ask_not_to_be_compared_by_dry_runs",
        "ServerSideDiff=false",
    ),
    *honoured(
        _COMPARE,
        _FIELD + "test_what_a_webhook_adds_counts_only_where_it_is_asked_for",
        "IncludeMutationWebhook=true",
    ),
    *idle(
        _COMPARE, "every verdict that a record or field ownership leaves open is the server's", "ServerSideDiff=true"
    ),
)

ANNOTATIONS: tuple[Row, ...] = (
    *honoured(_MARK, _FIELD + "test_an_object_that_asks_to_be_left_out_of_health_is", words.IGNORE_HEALTHCHECK),
    *honoured(_MARK, _FIELD + "test_a_finite_pod_may_be_judged_as_one_that_runs_for_ever", words.IGNORE_RESTART_POLICY),
    *honoured(_MARK, _DOES + "test_a_chart_may_ask_to_keep_an_object", words.HELM_RESOURCE_POLICY),
    *idle(_MARK, "what Git says of it is replaced by our own mark", words.TRACKING_ID, words.INSTALLATION_ID),
    *honoured(
        _MARK, _DOES + "test_an_object_waits_for_the_waves_before_its_own", words.SYNC_WAVE, words.HELM_HOOK_WEIGHT
    ),
    *honoured(_MARK, _DOES + "test_a_hook_runs_in_its_phase", words.HOOK),
    *honoured(
        _MARK,
        _DOES + "test_a_hook_of_helm_runs_in_the_phase_that_stands_for_it",
        words.HELM_HOOK,
        note="`crd-install` makes an ordinary object; tests and rollbacks are left alone",
    ),
    *honoured(
        _MARK,
        _DOES + "test_a_hook_goes_when_its_policy_says",
        *(words.HOOK_DELETE_POLICY, words.HELM_HOOK_DELETE_POLICY),
    ),
    *idle(_MARK, "it only spares refreshes", words.IGNORE_RESOURCE_UPDATES),
    *idle(
        _MARK,
        "shown to people",
        *(words.IGNORE_DEFAULT_LINKS, "link.argocd.argoproj.io/*", "notice.argocd.argoproj.io/*"),
        "pref.argocd.argoproj.io/*",
    ),
)

ROWS = (*OPTIONS, *COMPARE_OPTIONS, *ANNOTATIONS)
