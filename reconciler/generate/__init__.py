"""From an ApplicationSet and facts to Applications: generators, templates, and what may be wrong with them.

May import models and leaves. Never reads a cluster, a repository or a clock: facts are given.
"""

from reconciler.generate.applications import Generated, generated
from reconciler.generate.facts import Facts
from reconciler.generate.faults import GeneratorFault
from reconciler.generate.forms import Form, form_of

__all__ = ["Facts", "Form", "Generated", "GeneratorFault", "form_of", "generated"]
