"""Free TCP ports for servers that have to be told their port before they start."""

import random
import socket

# Below the range from which kernels take the ports of outgoing connections: a port found free here is not lost to a
# client before its server binds it, nor while a test has that server down.
LOWEST, HIGHEST = 20000, 32000

_given: set[int] = set()


def free_port(host: str = "127.0.0.1") -> int:
    """A port nobody listens on; never the same twice in one process. Raises OSError when none is found."""
    for port in random.sample(range(LOWEST, HIGHEST), k=500):
        if port not in _given and _can_bind(host, port):
            _given.add(port)
            return port
    raise OSError(f"no free port between {LOWEST} and {HIGHEST} on {host}")


def _can_bind(host: str, port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True
