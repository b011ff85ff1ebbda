"""Rendering: from a source at a commit to manifests as JSON, in a child process that can reach nothing.

May import sources, clusters, store, plan, models and the leaves. Nobody else starts renderers; nothing is applied here.
"""
