"""What the settings say to observers, and what holds while they cannot be read."""

from reconciler.models.keys import GroupKind
from reconciler.observe.outlook import USUAL, outlook_of

SERVICE = GroupKind("", "Service")


def test_marks_and_scripts_are_read_from_the_settings() -> None:
    text = {"application.resourceTrackingMethod": "label", "resource.customizations.health.Service": "return {}"}
    found = outlook_of(text)
    assert (found.tracking.by_label, found.is_scripted(SERVICE)) == (True, True)
    assert (outlook_of({}), USUAL.is_scripted(SERVICE)) == (USUAL, False)


def test_settings_that_cannot_be_read_leave_what_was_known() -> None:
    before = outlook_of({"installationID": "one"})
    assert outlook_of({"application.resourceTrackingMethod": "none"}, before) is before
