"""A beat process, configured by its environment."""

import sys

from reconciler.settings import Settings
from workers.process import run_beat

if __name__ == "__main__":
    sys.exit(run_beat(Settings()))
