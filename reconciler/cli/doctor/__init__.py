"""`doctor`: is everything there that an installation needs, and is anybody in the way?

May import what `reconciler.cli` may. Never mends anything: it says how.
"""

from reconciler.cli.doctor.command import doctor

__all__ = ["doctor"]
