"""The shadow report on one Application, as text and as JSON."""

from reconciler.cli.shadow import tally
from reconciler.cli.verdicts import Report
from reconciler.models.keys import AppKey

STEP = {"action": "apply", "object": "ConfigMap/shop/web", "reason": "differs", "fields": ["data.a 1 → 2"]}


def a_report(**change: object) -> Report:
    known = {
        "app": AppKey("argocd", "web"),
        "found": ("Synced", "Healthy"),
        "ours": ("Synced", "Healthy"),
        "steps": (),
        "differing": (),
        "why": "",
    }
    return Report(**{**known, **change})  # type: ignore[arg-type]


def test_agreement_is_one_line() -> None:
    assert list(a_report().lines()) == ["argocd/web: Synced, Healthy, as found"]
    assert not a_report().is_remarkable


def test_every_write_is_listed_with_its_reason_and_fields() -> None:
    found = a_report(ours=("OutOfSync", "Healthy"), steps=(STEP,), why="because")
    assert list(found.lines()) == [
        "argocd/web: OutOfSync, Healthy; found Synced, Healthy  (because)",
        "  would apply ConfigMap/shop/web: differs",
        "      data.a 1 → 2",
    ]
    assert found.to_json()["would"] == [STEP]
    assert found.is_remarkable


def test_an_unknown_verdict_is_not_a_definite_one() -> None:
    reports = [a_report(), a_report(ours=("Unknown", "Unknown")), a_report(steps=(STEP,))]
    assert tally(reports) == "3 applications, 66.7 % with a definite verdict, 2 as found, 1 writes pending"
    assert tally([]).startswith("0 applications, none")
