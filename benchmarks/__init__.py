"""Benchmarks: one file a scenario, each figure beside a probe of the same machine taken in the same run.

May import `reconciler.sandbox`, and of the rest only what puts entries into the due set; nobody imports this.
Never judges by our own status alone where an API server's watch or audit log can tell.
"""
