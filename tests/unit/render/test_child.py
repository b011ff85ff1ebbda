"""What a child has to prove, and how its errors read."""

from __future__ import annotations

import pytest

from reconciler.render.child import MUST_FAIL, failed, proven
from reconciler.render.protocol import Fault, SandboxReport


def test_a_child_whose_every_attempt_failed_is_proven() -> None:
    assert proven(SandboxReport(installed=True, proof=dict(MUST_FAIL)))


@pytest.mark.parametrize("act", MUST_FAIL)
@pytest.mark.parametrize("outcome", ["", "ENOENT", "EBADF"])
def test_one_attempt_that_did_not_fail_by_the_kernels_refusal_is_no_proof(act: str, outcome: str) -> None:
    assert not proven(SandboxReport(installed=True, proof={**MUST_FAIL, act: outcome}))


@pytest.mark.parametrize("act", MUST_FAIL)
def test_an_attempt_that_was_not_made_is_no_proof(act: str) -> None:
    assert not proven(SandboxReport(installed=True, proof={key: MUST_FAIL[key] for key in MUST_FAIL if key != act}))


def test_a_sandbox_that_is_not_installed_is_no_proof() -> None:
    assert not proven(SandboxReport(installed=False, proof=dict(MUST_FAIL)))


@pytest.mark.parametrize(
    ("fault", "text"),
    [
        (Fault("invalid", "kind is missing", "a.yaml", 3), "a.yaml:3: kind is missing"),
        (Fault("path-escapes", "the link leaves the repository", "a.yaml"), "a.yaml: the link leaves the repository"),
        (Fault("too-large", "too large"), "too large"),
    ],
)
def test_an_error_says_where(fault: Fault, text: str) -> None:
    error = failed(fault)
    assert str(error) == text
    assert (error.code, error.path, error.line) == (fault.code, fault.path or None, fault.line or None)
