from reconciler.models.observed import Health
from reconciler.plan.health import worst


def test_the_worst_wins_and_nothing_is_healthy() -> None:
    assert worst([]) == "Healthy"
    assert worst([Health("Healthy"), Health("Suspended"), Health("Progressing")]) == "Progressing"
    assert worst([Health("Unknown"), Health("Degraded")]) == "Unknown"
