"""What a benchmark prints."""

import json

from benchmarks.report import Report


def a_report(**more: object) -> Report:
    return Report(scenario="S1", n=300, figure=60.0, unit="apps/s", probe=240.0, **more)  # type: ignore[arg-type]


def test_the_last_line_is_one_json_object_that_begins_with_what_every_scenario_has() -> None:
    found = json.loads(a_report().line)
    assert found == {"scenario": "S1", "n": 300, "figure": 60.0, "unit": "apps/s", "probe": 240.0, "ratio": 0.25}
    assert list(found) == ["scenario", "n", "figure", "unit", "probe", "ratio"]
    assert "\n" not in a_report().line


def test_what_does_not_apply_is_left_out_and_what_is_nought_is_not() -> None:
    found = json.loads(a_report(writes=0, load=1.5).line)
    assert found["writes"] == 0
    assert found["load"] == 1.5
    assert "renders" not in found


def test_without_a_probe_the_ratio_is_null() -> None:
    found = json.loads(Report(scenario="S5", n=1, figure=3.0, unit="calls", probe=0.0).line)
    assert found["ratio"] is None


def test_figures_are_given_as_precisely_as_they_are_known() -> None:
    assert json.loads(a_report(cpu_ms_per_app=14.987654, p50_s=0.00123456).line)["p50_s"] == 0.001235


def test_a_count_is_never_rounded() -> None:
    assert json.loads(a_report(object_calls=123456).line)["object_calls"] == 123456


def test_the_table_has_one_aligned_row_for_each_value() -> None:
    rows = a_report(beside={"took_s": 5.0}).table.splitlines()
    assert rows[0] == "  scenario  S1"
    assert rows[-1] == "  took_s    5.0"
    assert len(rows) == 7
