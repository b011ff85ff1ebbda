"""`python -m reconciler.sandbox up|down|poke|kill`; `./dev` calls this."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from reconciler.sandbox import commands
from reconciler.sandbox.daemon import Daemon
from reconciler.sandbox.outside import Outside
from reconciler.sandbox.places import PROJECT


def main(argv: Sequence[str]) -> int:
    """Returns an exit code."""
    args = _parser().parse_args(argv)
    folder: Path = args.folder.resolve()
    match args.command:
        case "up":
            return commands.up(folder, _forwarded(args))
        case "down":
            return commands.down(folder)
        case "poke":
            return commands.poke(folder, args.cluster, (args.kind, args.name, args.assignment))
        case "kill":
            return commands.kill(folder, args.name)
        case _:
            return Daemon(folder).serve(_outside(args, folder))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="./dev")
    parser.add_argument("--folder", type=Path, default=PROJECT / ".sandbox", help=argparse.SUPPRESS)
    each = parser.add_subparsers(dest="command", required=True)
    for name in ("up", "serve"):
        start = each.add_parser(name, help="start everything and wait until the fleet has converged")
        start.add_argument(
            "--kubeconfig", type=Path, help="use this control cluster instead of the sandbox (in shadow)"
        )
        start.add_argument("--redis-url", help="with --kubeconfig: use this Redis instead of the embedded Valkey")
    each.add_parser("down", help="stop everything")
    poke = each.add_parser("poke", help="edit a live object by hand: east apps/v1/Deployment orders/orders-api a.b=1")
    for name in ("cluster", "kind", "name", "assignment"):
        poke.add_argument(name)
    kill = each.add_parser("kill", help="kill -9 one of our processes: worker-1, worker-2, beat, observer, api, flower")
    kill.add_argument("name")
    return parser


def _forwarded(args: argparse.Namespace) -> list[str]:
    given = {"--kubeconfig": args.kubeconfig and args.kubeconfig.resolve(), "--redis-url": args.redis_url}
    return [word for name, value in given.items() if value for word in (name, str(value))]


def _outside(args: argparse.Namespace, folder: Path) -> Outside | None:
    if args.kubeconfig is None:
        return None
    manage = os.environ.get("RECONCILER_MANAGE", "shadow")
    return Outside(folder, kubeconfig=args.kubeconfig, redis_url=args.redis_url, manage=manage)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
