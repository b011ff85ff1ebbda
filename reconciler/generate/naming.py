"""Names made of other text, as ApplicationSets make them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

LONGEST_NAME: Final = 253
SLUG_CHARS: Final = 50

_NOT_IN_NAMES = re.compile(r"[^-a-z0-9.]")
_NOT_IN_SLUGS = re.compile(r"[^a-z0-9_-]")


def normalized(text: str) -> str:
    """A name of any text: lower case, what no name may hold becomes a dash. Argo CD: utils.SanitizeName."""
    return _NOT_IN_NAMES.sub("-", text.lower())[:LONGEST_NAME].strip("-.")


def slug(text: str, chars: int = SLUG_CHARS) -> str:
    """A part of a name of any text. Argo CD: `slug.Make` with 50 characters, for branches of pull requests."""
    plain = unicodedata.normalize("NFKD", text.strip()).encode("ascii", "ignore").decode().lower()
    spelled = plain.replace("&", "and").replace("@", "at")[:chars]
    return re.sub(r"-+", "-", _NOT_IN_SLUGS.sub("-", spelled)).strip("-_")
