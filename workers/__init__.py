"""Celery's processes: the door through which a message becomes one pass.

May import everything in `reconciler` and `beat_schedule`; nobody imports this. Knows Celery and nothing of GitOps: it
verifies, leases, calls and settles, and anything worth a unit test beyond that belongs in `reconciler`.
"""
