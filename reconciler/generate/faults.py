"""What stops an ApplicationSet: any of these, and nothing is created, changed or deleted."""

from __future__ import annotations

from reconciler.errors import SpecError


class GeneratorFault(SpecError):
    """A generator, a selector or a template that is wrong as written, or does not go with its parameters."""
