"""Where things lie in a checkout."""

from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]
VENV = PROJECT / ".venv"
PYTHON = VENV / "bin" / "python"
BUILD = PROJECT / ".build"
CACHE = PROJECT / ".cache"
LOGS = PROJECT / ".logs"
LOCKS = PROJECT / "requirements"
TIE = PROJECT / "reconciler" / "sandbox" / "tie.py"


def shown(path: Path) -> str:
    """A path as people in the project folder would type it."""
    return str(path.relative_to(PROJECT)) if path.is_relative_to(PROJECT) else str(path)
