"""Charts from HTTP repositories, and charts and artifacts from OCI registries: versions, archives, dependencies.

May import: sources, store, models, errors, urllib3. Never: render, clusters; no chart is evaluated here.
"""
