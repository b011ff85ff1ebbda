"""Rows of what lies around Applications: projects, Secrets and settings."""

from __future__ import annotations

from reconciler.models import words
from reconciler.models.honoured.row import Place, Row, honoured, idle, ignored

_PROJECT: Place = "AppProject"
_CLUSTER: Place = "cluster Secret"
_REPOSITORY: Place = "repository Secret"
_CM: Place = "argocd-cm"
_PARAMS: Place = "argocd-cmd-params-cm"
_REST: Place = "other"

_PERMISSIONS = "tests/unit/plan/test_permissions.py::"
_WINDOWS = "tests/unit/plan/test_windows.py::"
_IMPERSONATED = "tests/flow/test_impersonation.py::"
_REGISTRY = "tests/contract/test_registry.py::"
_SECRETS = "tests/compat/test_secrets_are_honoured.py::"
_CREDENTIALS = "tests/unit/sources/test_credentials.py::"
_DEPENDS = "tests/flow/test_charts.py::"
_CHARTS = "tests/unit/sources/charts/test_access.py::"
_TOKENS = "tests/contract/test_token_logins.py::"
_CUSTOM = "tests/compat/test_customizations_are_honoured.py::"
_EXPAND = "tests/flow/test_expand.py::"
_KEPT = "tests/unit/models/test_wire.py::test_unknown_fields_come_back_as_they_were"

PROJECT: tuple[Row, ...] = (
    *honoured(_PROJECT, _KEPT, "spec.description", note="shown to people; kept as it is"),
    *honoured(_PROJECT, _PERMISSIONS + "test_a_source_is_allowed_as_upstream_allows_it", "spec.sourceRepos"),
    *honoured(_PROJECT, _PERMISSIONS + "test_a_destination_is_allowed_as_upstream_allows_it", "spec.destinations"),
    *honoured(
        _PROJECT,
        _PERMISSIONS + "test_a_kind_is_allowed_as_upstream_allows_it",
        *("spec.clusterResourceWhitelist", "spec.clusterResourceBlacklist"),
        *("spec.namespaceResourceWhitelist", "spec.namespaceResourceBlacklist"),
    ),
    *honoured(_PROJECT, _PERMISSIONS + "test_only_named_namespaces_may_use_a_project", "spec.sourceNamespaces"),
    *honoured(
        _PROJECT,
        _WINDOWS + "test_no_automated_sync_starts_in_a_closed_window_and_the_next_edge_is_waited_for",
        *(f"spec.syncWindows.{field}" for field in ("kind", "schedule", "duration")),
    ),
    *honoured(
        _PROJECT,
        _WINDOWS + "test_a_window_concerns_what_its_lists_name",
        *(f"spec.syncWindows.{field}" for field in ("applications", "namespaces", "clusters", "andOperator")),
    ),
    *honoured(_PROJECT, _WINDOWS + "test_windows_decide_as_upstream_does", "spec.syncWindows.manualSync"),
    *honoured(
        _PROJECT,
        _WINDOWS + "test_an_operation_that_runs_overruns_where_every_closed_window_lets_it",
        "spec.syncWindows.syncOverrun",
    ),
    *honoured(_PROJECT, _WINDOWS + "test_a_window_follows_the_clocks_of_its_zone", "spec.syncWindows.timeZone"),
    *honoured(_PROJECT, _KEPT, "spec.syncWindows.description", note="shown to people; kept as it is"),
    *ignored(_PROJECT, "spec.sourceIntegrity", "spec.signatureKeys"),
    *ignored(_PROJECT, "spec.permitOnlyProjectScopedClusters"),
    *honoured(
        _PROJECT,
        _IMPERSONATED + "test_everything_is_written_in_the_name_that_the_project_gives",
        "spec.destinationServiceAccounts",
    ),
    *idle(_PROJECT, "objects of nobody are neither shown nor touched", "spec.orphanedResources"),
    *idle(_PROJECT, "there is no API that would grant them anything", "spec.roles", "status.jwtTokensByRole"),
)

CLUSTERS: tuple[Row, ...] = (
    *honoured(_CLUSTER, _REGISTRY + "test_a_destination_is_opened_by_address_and_by_name", "name", "server"),
    *honoured(_CLUSTER, _REGISTRY + "test_a_rotated_token_is_picked_up_without_a_restart", "config.bearerToken"),
    *honoured(
        _CLUSTER,
        _SECRETS + "test_a_cluster_is_entered_as_its_secret_says",
        *("config.username", "config.password"),
        *("config.tlsClientConfig.insecure", "config.tlsClientConfig.serverName"),
    ),
    *honoured(
        _CLUSTER,
        _REGISTRY + "test_a_destination_is_opened_by_address_and_by_name",
        "config.tlsClientConfig.caData",
    ),
    *honoured(
        _CLUSTER,
        _SECRETS + "test_a_cluster_may_be_entered_with_a_client_certificate",
        *("config.tlsClientConfig.certData", "config.tlsClientConfig.keyData"),
    ),
    *honoured(
        _CLUSTER,
        "tests/contract/test_discovery.py::test_a_cluster_limited_to_namespaces_is_read_there_only",
        *("namespaces", "clusterResources"),
    ),
    *ignored(
        _CLUSTER,
        *("config.awsAuthConfig", "config.execProviderConfig", "config.proxyUrl"),
        note="refused: nothing is read or written there",
    ),
    *idle(_CLUSTER, "connections are compressed as the server likes", "config.disableCompression"),
    *idle(_CLUSTER, "a project has to name the cluster itself", "project"),
    *idle(_CLUSTER, "applications are placed by cluster without being told", "shard"),
)

REPOSITORIES: tuple[Row, ...] = (
    *honoured(
        _REPOSITORY,
        _CREDENTIALS + "test_the_secret_of_the_same_url_and_project_comes_before_the_unscoped_one",
        *("url", "project"),
    ),
    *honoured(
        _REPOSITORY,
        _SECRETS + "test_a_key_of_a_repository_secret_reaches_its_access",
        *("username", "password", "bearerToken", "sshPrivateKey", "tlsClientCertData", "tlsClientCertKey", "proxy"),
        *("noProxy", "insecure", "insecureIgnoreHostKey"),
    ),
    *honoured(_REPOSITORY, _SECRETS + "test_only_secrets_of_git_repositories_open_one", "type"),
    *honoured(_REPOSITORY, _DEPENDS + "test_what_a_chart_in_git_depends_on_is_fetched_and_followed", "name"),
    *honoured(_REPOSITORY, _CHARTS + "test_enable_oci_says_that_an_https_address_is_a_registry", "enableOCI"),
    *honoured(
        _REPOSITORY,
        _CHARTS + "test_a_registry_is_spoken_to_without_tls_where_its_secret_says_so",
        "insecureOCIForceHttp",
    ),
    *idle(_REPOSITORY, "a user name and a password are always sent as basic authentication", "forceHttpBasicAuth"),
    *honoured(
        _REPOSITORY,
        _TOKENS + "test_a_github_app_is_entered_by_a_token_of_its_installation",
        *("githubAppID", "githubAppInstallationID", "githubAppPrivateKey", "githubAppEnterpriseBaseUrl"),
    ),
    *honoured(
        _REPOSITORY, _TOKENS + "test_a_google_service_account_is_entered_by_an_access_token", "gcpServiceAccountKey"
    ),
    *honoured(
        _REPOSITORY,
        _TOKENS + "test_an_azure_service_principal_is_entered_by_a_bearer",
        *("azureServicePrincipalClientId", "azureServicePrincipalClientSecret"),
        *("azureServicePrincipalTenantId", "azureActiveDirectoryEndpoint"),
    ),
    *honoured(
        _REPOSITORY,
        _TOKENS + "test_the_azure_workload_identity_of_this_process_is_a_bearer_too",
        "useAzureWorkloadIdentity",
    ),
    *honoured(
        _REPOSITORY,
        "tests/contract/test_lfs.py::test_a_pointer_is_followed_where_the_secret_says_so",
        "enableLfs",
        note="by https; a file that reads as a pointer is one, whatever .gitattributes says",
    ),
    *idle(_REPOSITORY, "only what is asked for is fetched in any case", "depth"),
    *idle(_REPOSITORY, "no cache is warmed by moving entries", "webhookManifestCacheWarmDisabled"),
)

SETTINGS: tuple[Row, ...] = (
    *honoured(_CM, _REGISTRY + "test_the_control_cluster_can_be_switched_off", "cluster.inClusterEnabled"),
    *honoured(
        _CM,
        _CUSTOM + "test_the_settings_say_by_what_an_object_is_known_as_an_applications",
        *("application.resourceTrackingMethod", "application.instanceLabelKey", "installationID"),
    ),
    *honoured(
        _CM,
        "tests/flow/test_projects.py::test_a_project_inherits_the_rules_of_the_global_projects_that_select_it",
        "globalProjects",
    ),
    *honoured(
        _CM,
        _IMPERSONATED + "test_everything_is_written_in_the_name_that_the_project_gives",
        "application.sync.impersonation.enabled",
    ),
    *honoured(
        _CM,
        "tests/unit/plan/test_impersonation.py::test_without_a_matching_rule_nothing_is_written_unless_not_enforced",
        "application.sync.impersonation.enforced",
    ),
    *honoured(
        _CM, _CUSTOM + "test_compare_options_say_whose_status_and_which_rules_are_compared", "resource.compareoptions"
    ),
    *honoured(
        _CM,
        _CUSTOM + "test_annotations_that_the_settings_name_are_never_shown",
        "resource.sensitive.mask.annotations",
    ),
    *honoured(
        _CM,
        _CUSTOM + "test_kinds_that_the_settings_keep_out_are_neither_wanted_nor_pruned",
        *("resource.exclusions", "resource.inclusions"),
    ),
    *honoured(
        _CM,
        _CUSTOM + "test_the_settings_take_fields_out_of_the_comparison",
        *("resource.customizations.ignoreDifferences.*", "resource.customizations"),
    ),
    *honoured(
        _CM,
        _CUSTOM + "test_the_settings_judge_health_by_a_script",
        *("resource.customizations.health.*", "resource.customizations.useOpenLibs.*"),
    ),
    *honoured(
        _CM,
        _CUSTOM + "test_known_fields_of_custom_resources_may_be_written_in_any_way",
        "resource.customizations.knownTypeFields.*",
    ),
    *honoured(
        _CM,
        "tests/flow/test_actions.py::test_actions_of_the_settings_are_discovered_and_run_in_lua",
        "resource.customizations.actions.*",
    ),
    *idle(
        _CM,
        "it only spares refreshes",
        *("resource.customizations.ignoreResourceUpdates.*", "resource.ignoreResourceUpdatesEnabled"),
    ),
    *idle(_CM, "only kinds that applications have are watched", "resource.respectRBAC"),
    *honoured(
        _CM,
        "tests/unit/render/tools/test_helm.py::test_a_url_of_a_scheme_that_the_settings_do_not_name_is_refused",
        "helm.valuesFileSchemes",
    ),
    *honoured(
        _CM,
        "tests/unit/render/tools/test_detect.py::test_a_tool_that_is_switched_off_leaves_plain_files",
        *("helm.enable", "kustomize.enable"),
    ),
    *honoured(
        _CM,
        "tests/cases/test_render_cases.py::test_a_source_renders_to_what_its_case_says",
        *("jsonnet.enable", "kustomize.buildOptions"),
    ),
    *honoured(
        _CM,
        "tests/cases/test_render_cases.py::test_a_source_renders_to_what_its_case_says",
        *("kustomize.buildOptions.*", "kustomize.path.*", "kustomize.version.*"),
        note="a version's options count; it is built by the one library there is",
    ),
    *idle(_CM, "it says how often sources are asked", "timeout.reconciliation", "timeout.reconciliation.jitter"),
    *idle(_CM, "no manifest is cached under a name that misses something", "timeout.hard.reconciliation"),
    *idle(_CM, "it accompanies the hydrator, which counts by itself", "sourceHydrator.*", "commit.author.*"),
    *idle(
        _CM,
        "it speaks of the user interface or of events",
        *("url", "additionalUrls", "help.chatUrl", "help.chatText", "ga.trackingid", "ga.anonymizeusers"),
        *("resource.customLabels", "resource.includeEventLabelKeys", "resource.excludeEventLabelKeys"),
        *("application.allowedNodeLabels", "server.maxPodLogsToRender", "ui.loginButtonText"),
    ),
)

USUAL_SETTINGS: dict[str, frozenset[str]] = {}
"""Values that say what holds anyway."""

PARAMETERS: tuple[Row, ...] = (
    *honoured(
        _PARAMS,
        "tests/flow/test_submodules.py::test_settings_switch_submodules_off",
        "reposerver.enable.git.submodule",
        note="submodules are held to the project's `sourceRepos` and to the shapes of repository URLs",
    ),
    *honoured(
        _PARAMS,
        _EXPAND + "test_the_policy_of_all_sets_binds_one_that_asks_for_more_until_overriding_is_switched_on",
        *("applicationsetcontroller.policy", "applicationsetcontroller.enable.policy.override"),
    ),
    *honoured(
        _PARAMS,
        _EXPAND + "test_settings_switch_to_patterns_of_files_whose_star_stays_in_its_folder",
        "applicationsetcontroller.enable.new.git.file.globbing",
    ),
    *honoured(
        _PARAMS,
        _EXPAND + "test_a_dry_run_of_all_sets_tells_and_writes_no_application",
        "applicationsetcontroller.dryrun",
    ),
    *ignored(
        _PARAMS,
        *("applicationsetcontroller.global.preserved.annotations", "applicationsetcontroller.global.preserved.labels"),
        note="each set says so itself, in `preservedFields`",
    ),
    *ignored(_PARAMS, "applicationsetcontroller.namespaces", note="sets count in the control namespace only"),
    *ignored(
        _PARAMS, "applicationsetcontroller.enable.progressive.syncs", note="a set with a strategy is rolled out by it"
    ),
    *ignored(_PARAMS, "application.namespaces", note="AppProject `sourceNamespaces` alone decides"),
    *idle(_PARAMS, "every open verdict is asked of the server", "controller.diff.server.side"),
    *idle(_PARAMS, "an Application with a hydrator counts by itself", "hydrator.enabled"),
    *idle(
        _PARAMS,
        "it tunes a process that this project does not have",
        *("controller.*", "reposerver.*", "server.*", "applicationsetcontroller.*", "notificationscontroller.*"),
        *("repo.server", "commit.server", "redis.*", "*.repo.server.*", "*.k8s.client.*", "*.k8s.tcp.*"),
    ),
)

REST: tuple[Row, ...] = (
    *honoured(
        _REST,
        "tests/contract/test_catalog.py::test_secrets_are_told_apart_by_their_label_and_a_broken_one_stands_beside_the_others",
        words.SECRET_TYPE,
    ),
    *honoured(
        _REST,
        "tests/contract/test_catalog.py::test_settings_count_only_where_they_are_labelled_as_a_part_of_argocd",
        words.PART_OF,
    ),
    *ignored(_REST, f"{words.SKIP_RECONCILE} on a cluster Secret"),
    *idle(_REST, "discovery is repeated without being asked", f"{words.REFRESH} on a cluster Secret"),
    *idle(_REST, "labels of Secrets feed generators only", words.AUTO_LABEL_CLUSTER_INFO, words.KUBERNETES_VERSION),
    *idle(_REST, "it is a label of the objects' own", words.INSTANCE_LABEL),
    *idle(_REST, "an Application without its project is not written", f"{words.FINALIZER} on an AppProject"),
    *honoured(
        _REST,
        "tests/cases/generate/test_generate.py::test_a_set_asks_for_the_applications_of_its_case",
        *(f"ApplicationSet spec.generators.{kind}" for kind in ("list", "clusters", "git", "matrix", "merge")),
        *("ApplicationSet spec.generators.clusterDecisionResource", "ApplicationSet spec.generators.selector"),
        "ApplicationSet spec.template",
    ),
    *honoured(
        _REST,
        "tests/contract/test_renderer_templates.py::test_a_set_with_go_templates_asks_for_the_applications_of_its_case",
        *(
            "ApplicationSet spec.goTemplate",
            "ApplicationSet spec.goTemplateOptions",
            "ApplicationSet spec.templatePatch",
        ),
    ),
    *honoured(
        _REST,
        _EXPAND + "test_the_policy_says_what_may_happen_to_applications",
        "ApplicationSet spec.syncPolicy.applicationsSync",
    ),
    *honoured(
        _REST,
        _EXPAND + "test_preserved_resources_stay_when_their_application_goes",
        "ApplicationSet spec.syncPolicy.preserveResourcesOnDeletion",
    ),
    *honoured(
        _REST,
        _EXPAND + "test_preserved_fields_stay_though_the_template_sets_them",
        "ApplicationSet spec.preservedFields",
    ),
    *honoured(
        _REST,
        _EXPAND + "test_differences_that_the_set_ignores_stay",
        "ApplicationSet spec.ignoreApplicationDifferences",
    ),
    *honoured(
        _REST,
        "tests/flow/test_observer_control.py"
        "::test_a_set_is_due_when_it_changes_and_when_its_application_or_a_cluster_does",
        words.APPLICATION_SET_REFRESH,
    ),
    *idle(_REST, "selectors of nested generators always count", "ApplicationSet spec.applyNestedSelectors"),
    *idle(
        _REST,
        "such a set is refused with a condition that names the generator",
        *(f"ApplicationSet spec.generators.{kind}" for kind in ("scmProvider", "pullRequest", "plugin")),
    ),
    *honoured(
        _REST,
        _EXPAND + "test_a_rolling_sync_goes_step_by_step_and_opens_the_next_one_when_all_are_healthy",
        *("ApplicationSet spec.strategy.rollingSync", "ApplicationSet spec.strategy.type"),
    ),
    *honoured(
        _REST,
        "tests/unit/generate/test_rollout.py::test_with_reverse_order_the_last_step_goes_first_one_at_a_time",
        "ApplicationSet spec.strategy.deletionOrder",
    ),
    *idle(_REST, "hooks are not run, and an object with one counts by itself", words.HOOK_FINALIZER),
)

ROWS = (*PROJECT, *CLUSTERS, *REPOSITORIES, *SETTINGS, *PARAMETERS, *REST)
