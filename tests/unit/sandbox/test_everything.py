from reconciler.sandbox.everything import state_of


def test_a_settled_application_is_told_in_two_words() -> None:
    status = {"sync": {"status": "Synced"}, "health": {"status": "Healthy"}, "operationState": {"message": "all done"}}
    assert state_of({"status": status}) == "Synced, Healthy"


def test_an_unsettled_one_says_why() -> None:
    condition = {"type": "ComparisonError", "message": "no such path"}
    status = {"sync": {"status": "Unknown"}, "health": {"status": "Healthy"}, "conditions": [condition]}
    assert state_of({"status": status}) == "Unknown, Healthy, ComparisonError: no such path"


def test_one_that_nobody_has_looked_at_is_unknown() -> None:
    assert state_of({}) == "Unknown, Unknown"
