"""What people may do to a live object at the press of a button: restart, pause, scale. Argo CD: resource actions.

May import what plan may. Never writes: an action is a change, and whoever asked for it sends it.
"""

from reconciler.plan.actions.builtin import BUILT_IN
from reconciler.plan.actions.change import Action, Change, merge_patch
from reconciler.plan.actions.offered import Offer, changes_of, offer

__all__ = ["BUILT_IN", "Action", "Change", "Offer", "changes_of", "merge_patch", "offer"]
