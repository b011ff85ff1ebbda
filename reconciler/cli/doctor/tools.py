"""What the processes stand on beside clusters and Git: Redis, the root key, the renderer."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.cli.doctor.finding import Finding, fail, ok, warn
from reconciler.errors import ConfigurationError, StoreUnavailable
from reconciler.render.plugins.config import read_plugins
from reconciler.render.plugins.running import cell_problem
from reconciler.render.pool import sandboxed_children
from reconciler.settings import Settings
from reconciler.store.client import connect, require_noeviction
from reconciler.store.sealing import Keyring


def check_redis(settings: Settings) -> Iterator[Finding]:
    """Does it answer, and does it keep what it is given?"""
    client = connect(settings.redis_url.get_secret_value())
    try:
        require_noeviction(client)
    except StoreUnavailable as error:
        yield fail("Redis", str(error), "start it, or set RECONCILER_REDIS_URL; syncing by hand works without")
    except ConfigurationError as error:
        yield fail("Redis", str(error), "redis-cli config set maxmemory-policy noeviction")
    else:
        yield ok("Redis", "answers, and evicts nothing")
    finally:
        client.close()


def check_root_key(settings: Settings) -> Iterator[Finding]:
    """Is there a key that seals the cache and signs messages?"""
    text = settings.root_key.get_secret_value()
    mend = "set RECONCILER_ROOT_KEY=k1:$(openssl rand -hex 32), the same for every process"
    if not text:
        yield warn("root key", "none is set here", mend)
        return
    try:
        Keyring.parse(text)
    except ConfigurationError as error:
        yield fail("root key", str(error), mend)
    else:
        yield ok("root key", "is well-formed")


def check_plugins(settings: Settings) -> Iterator[Finding]:
    """Can the config management plugins be read, and run in cells of their own?"""
    if settings.plugins is None:
        return
    try:
        names = [plugin.name for plugin in read_plugins(settings.plugins)]
    except ConfigurationError as error:
        yield fail("plugins", str(error), "mend the file, or unset RECONCILER_PLUGINS")
        return
    mend = (
        "let the process make user, mount, network and process namespaces; sources for plugins are refused until then"
    )
    if problem := cell_problem():
        yield fail("plugins", problem, mend)
    else:
        yield ok("plugins", f"{', '.join(names) or 'none'} run in cells without a network")


def check_renderer(settings: Settings) -> Iterator[Finding]:
    """Does it start, and prove that it can open and connect to nothing?"""
    mend = "build it with ./dev setup and set RECONCILER_RENDERER_PATH"
    try:
        child = sandboxed_children(settings.renderer_path, allow_unsandboxed=settings.allow_unsandboxed_renderer)()
    except (ConfigurationError, OSError) as error:
        yield fail("renderer", str(error), mend)
        return
    try:
        sandbox = child.ready().sandbox
    except ConfigurationError as error:
        yield fail("renderer", str(error), mend)
    else:
        said = f"it cannot {', '.join(sandbox.proof)}" if sandbox.installed else "it runs without a sandbox"
        yield ok("renderer", f"starts and shows that {said}")
    finally:
        child.close()
