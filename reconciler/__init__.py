"""A fleet-scale GitOps reconciler: Git holds what clusters should run, this package makes them match.

Read in this order: models/result.py, reconcile.py, plan/build.py, workers/tasks.py. The rings are in pyproject.toml.
"""
