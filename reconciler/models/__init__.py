"""Values that every package shares: identities, manifests, Argo CD's objects, readings, results, and what we honour.

May import: `errors`. Never does I/O, never reads a clock, never decides anything.
"""
