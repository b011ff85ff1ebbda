"""Go templates of ApplicationSets, filled by renderer children: one JSON template, many sets of parameters."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import msgspec

from reconciler.errors import SpecError
from reconciler.render.pool import RendererPool
from reconciler.render.protocol import FillParams, RendererDied, RenderFailed, RenderRequest
from reconciler.render.scripts import NoFiles, Outcome

DEADLINE_S: Final = 20.0
"""All of one call, waiting for a child included. A request has ten seconds of its own."""

TOGETHER: Final = 1000
"""Sets of parameters of one request."""

SHOWN_CHARS: Final = 200


class TemplateFault(SpecError):
    """A template that does not read, or does not go with its parameters; the message shows the text at fault."""


@dataclass(frozen=True, slots=True)
class GoTemplates:
    """Fills templates for all threads of one process."""

    pool: RendererPool
    deadline_s: float = DEADLINE_S

    def fill(
        self, template: Any, rows: Sequence[Mapping[str, Any]], options: Sequence[str] = (), *, project: str = ""
    ) -> list[Any]:
        """`template` once for each row, every text in it and every key filled; what is no text stays.

        `options` are Go's, such as `missingkey=error`. Raises TemplateFault for the first row that fails, and
        RendererBusy, SandboxRefused.
        """
        until = time.monotonic() + self.deadline_s
        filled: list[Any] = []
        for start in range(0, len(rows), TOGETHER):
            part = rows[start : start + TOGETHER]
            params = FillParams([template], options, [{"template": 0, "params": row} for row in part])
            filled += self._filled(RenderRequest(params, project), until)
        return filled

    def _filled(self, request: RenderRequest, until: float) -> list[Any]:
        try:
            answer = self.pool.render(request, NoFiles(), deadline_s=max(0.0, until - time.monotonic()))
        except RendererDied as error:
            if error.kind == "killed":
                raise
            raise TemplateFault(f"a template killed the renderer: {error}") from error
        except RenderFailed as error:
            raise TemplateFault(str(error)) from error
        outcomes = [msgspec.convert(body, Outcome) for body in answer.bodies]
        for outcome in outcomes:
            if outcome.fault:
                raise TemplateFault(_told(outcome))
        return [outcome.value for outcome in outcomes]


def _told(outcome: Outcome) -> str:
    shown = outcome.program[:SHOWN_CHARS] + ("…" if len(outcome.program) > SHOWN_CHARS else "")
    return f"template {shown!r}: {outcome.fault}" if shown else outcome.fault
