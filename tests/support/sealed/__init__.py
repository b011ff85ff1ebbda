"""Files as the `sops` command wrote them, for one age key that opens nothing else; and what they hold."""

from pathlib import Path

FOLDER = Path(__file__).parent
AGE_KEY = (FOLDER / "key.agekey").read_text()
OTHER_AGE_KEY = "AGE-SECRET-KEY-1NS7RA4SJHY9GHEJK642S0W3RQZK9CZGR4WEH2DVP3H8EE8SE5NKQFRYJE8\n"
SEALED_SECRET = (FOLDER / "secret.yaml").read_text()
"""Secret `token` with `password`."""

SEALED_SETTINGS = (FOLDER / "settings.yaml").read_text()
"""ConfigMap `settings` with `dsn`."""

PASSWORD, DSN = "canary-4711", "canary-4712"
