"""The HTTP door: webhooks, health, metrics.

May import everything below the doors. Never acts: a webhook makes a repository due, and that is all.
"""

from reconciler.api.app import create_app

__all__ = ["create_app"]
