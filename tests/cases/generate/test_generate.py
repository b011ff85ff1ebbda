"""One folder a case: an ApplicationSet and facts in, Applications or an error out; readable without knowing the code.

Here are those in the simple form; tests/contract/test_renderer_templates.py runs those with Go templates.
RECONCILER_WRITE_CASES=1 writes the outcomes anew.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from tests.cases.generate.cases import CASES, judge, named


def unasked(template: Any, rows: Sequence[Mapping[str, Any]], options: Sequence[str]) -> list[Any]:
    raise AssertionError("a set in the simple form has no Go templates")


@pytest.mark.parametrize("case", named(go_template=False))
def test_a_set_asks_for_the_applications_of_its_case(case: str) -> None:
    judge(case, unasked)


def test_no_case_is_left_out() -> None:
    assert len(named(go_template=False)) + len(named(go_template=True)) == len(CASES) > 50
