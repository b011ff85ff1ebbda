"""Commands about Applications, one file each.

May import what `reconciler.cli` may. Never decides what a controller would do: that is asked of `plan`.
"""

from reconciler.cli.commands import group

_HERE = "reconciler.cli.app"

applications = group(
    "Look at Applications and ask for syncs.",
    {
        "list": f"{_HERE}.listing:listing",
        "get": f"{_HERE}.get:get",
        "why": f"{_HERE}.why:why",
        "create": f"{_HERE}.create:create",
        "diff": f"{_HERE}.diff:diff",
        "sync": f"{_HERE}.sync:sync",
        "wait": f"{_HERE}.wait:wait",
        "history": f"{_HERE}.history:history",
        "rollback": f"{_HERE}.history:rollback",
        "terminate-op": f"{_HERE}.terminate:terminate",
        "refresh": f"{_HERE}.refresh:refresh",
        "explain-render": f"{_HERE}.explaining:explain_render",
        "resources": f"{_HERE}.resources:resources",
        "actions": f"{_HERE}.actions:actions",
        "events": f"{_HERE}.events:events",
        "delete": f"{_HERE}.delete:delete",
    },
)
