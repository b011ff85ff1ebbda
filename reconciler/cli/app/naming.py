"""Arguments that several commands share."""

from __future__ import annotations

from typing import Annotated

import typer

AppName = Annotated[str, typer.Argument(metavar="NAME", help="Name of the Application, or NAMESPACE/NAME.")]
AppNames = Annotated[list[str], typer.Argument(metavar="NAME", help="Names of Applications.")]
