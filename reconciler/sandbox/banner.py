"""What `./dev up` says at its end: addresses, logins and three commands to try."""

from reconciler.sandbox.state import State


def banner(state: State, *, folder: str) -> str:
    """`folder`: the sandbox's folder as a person in the project folder would type it."""
    lines = [
        "",
        f"  API       {state.api_url}   health {state.api_url}/readyz   metrics {state.api_url}/metrics",
        f"  Flower    {state.flower['url']}   login {state.flower['user']} / {state.flower['password']}",
    ]
    if state.git:
        git = state.git
        lines.append(f"  Git       {git['url']}   login {git['user']} / {git['password']}")
    lines += [
        f"  clusters  export KUBECONFIG={state.kubeconfig}",
        f"  processes {'  '.join(f'{name} {pid}' for name, pid in state.processes.items())}",
        f"  logs      {folder}/*.log",
        "",
        *(_walk_through(folder) if state.git else ["  .venv/bin/reconciler app list"]),
        "",
        "  ./dev down stops everything.",
    ]
    return "\n".join(lines)


def _walk_through(folder: str) -> list[str]:
    checkout = f"{folder}/checkout"
    return [
        "Try, from this folder:",
        "  1. push, and see it live:",
        f"       sed -i 's/replicas: 3/replicas: 5/' {checkout}/orders/deployment.yaml",
        f"       git -C {checkout} commit -qam 'Five replicas' && git -C {checkout} push -q",
        "       .venv/bin/reconciler app get orders-east",
        "  2. edit by hand, and see it healed:",
        "       ./dev poke east apps/v1/Deployment orders/orders-api spec.replicas=1",
        "       .venv/bin/reconciler app get orders-east",
        "  3. kill a worker, and see nothing happen:",
        "       ./dev kill worker-1; .venv/bin/reconciler app list",
    ]
