"""In whose name objects are written."""

import pytest

from reconciler.models.project import ServiceAccountRule
from reconciler.models.source import Destination
from reconciler.plan.build import build_plan
from reconciler.plan.impersonation import OURSELVES, Identity, identity_of
from tests.unit.plan.given import HERE, NOON, a_map, a_policy, an_app, missing, sees, wants

ON = {"application.sync.impersonation.enabled": "true"}


def rule(account: str, server: str = "*", namespace: str = "*") -> ServiceAccountRule:
    return ServiceAccountRule(server=server, namespace=namespace, default_service_account=account)


def identity(*rules: ServiceAccountRule, to: Destination = HERE) -> Identity:
    return identity_of(ON, rules, to, "argocd")


@pytest.mark.parametrize(
    ("rules", "user"),
    [
        ([rule("deployer")], "system:serviceaccount:shop:deployer"),
        ([rule(" deployer ")], "system:serviceaccount:shop:deployer"),
        ([rule("ops:deployer")], "system:serviceaccount:ops:deployer"),
        ([rule("other", namespace="bank"), rule("deployer", namespace="sh*")], "system:serviceaccount:shop:deployer"),
        ([rule("first"), rule("second")], "system:serviceaccount:shop:first"),
        ([rule("deployer", server="https://one.*")], "system:serviceaccount:shop:deployer"),
    ],
)
def test_the_first_rule_that_matches_the_destination_names_the_account(
    rules: list[ServiceAccountRule], user: str
) -> None:
    assert identity(*rules) == Identity(user)


def test_without_a_destination_namespace_the_account_lies_in_that_of_the_application() -> None:
    assert identity(rule("a"), to=Destination(server="https://one.example")).user == "system:serviceaccount:argocd:a"


@pytest.mark.parametrize("settings", [{}, {"application.sync.impersonation.enabled": "false"}])
def test_it_has_to_be_switched_on(settings: dict[str, str]) -> None:
    assert identity_of(settings, [rule("deployer")], HERE, "argocd") == OURSELVES


def test_without_a_matching_rule_nothing_is_written_unless_not_enforced() -> None:
    found = identity(rule("deployer", namespace="bank"))
    assert (found.user, "no matching service account found" in found.problem) == ("", True)
    loose = {**ON, "application.sync.impersonation.enforced": "false"}
    assert identity_of(loose, [rule("deployer", namespace="bank")], HERE, "argocd") == OURSELVES


@pytest.mark.parametrize("account", ["", "*", "!a", "ops:", ":a", "a/b", "a:b:c"])
def test_what_is_no_account_is_a_problem_and_never_our_own_name(account: str) -> None:
    found = identity(rule(account))
    assert (found.user, "is no name of one" in found.problem) == ("", True)


def test_an_operation_without_anybody_to_impersonate_ends_as_error_and_writes_nothing() -> None:
    policy = a_policy(identity_problem="failed to find anybody")
    plan = build_plan(an_app(operation={"sync": {}}), wants(a_map()), sees(missing(a_map())), policy, now=NOON)
    assert plan.steps == ()
    assert plan.operation_state is not None
    assert (plan.operation_state["phase"], plan.operation_state["message"]) == ("Error", "failed to find anybody")
