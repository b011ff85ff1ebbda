"""Children that are not what they should be: none is given a request, or its answer believed."""

from __future__ import annotations

import sys
import textwrap
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.render.child import MUST_FAIL, RendererChild
from reconciler.render.limits import ProcessLimits
from reconciler.render.protocol import RendererDied, SandboxRefused
from tests.support.renderer import MemoryFiles, a_request

Impostor = Callable[[str], Path]

PRELUDE = """
import json, struct, sys
def receive():
    (length,) = struct.unpack(">I", sys.stdin.buffer.read(4))
    return json.loads(sys.stdin.buffer.read(length))
def send(message):
    raw = message if isinstance(message, bytes) else json.dumps(message).encode()
    sys.stdout.buffer.write(struct.pack(">I", len(raw)) + raw)
    sys.stdout.buffer.flush()
def welcome(protocol=1, installed=True, **proof):
    receive()
    sandbox = {"installed": installed, "proof": PROOF | proof}
    send({"protocol": protocol, "platform": "test/test", "languages": [], "sandbox": sandbox})
"""


@pytest.fixture
def impostor(tmp_path: Path) -> Impostor:
    """Writes an executable that plays a child by a few lines of Python."""

    def write(lines: str) -> Path:
        script = tmp_path / "impostor"
        proof = f"PROOF = {dict(MUST_FAIL)!r}\n"
        script.write_text(f"#!{sys.executable}\n{PRELUDE}{proof}{textwrap.dedent(lines)}")
        script.chmod(0o700)
        return script

    return write


def a_child(binary: Path, *, allow_unsandboxed: bool = False) -> RendererChild:
    return RendererChild(binary, limits=ProcessLimits(), allow_unsandboxed=allow_unsandboxed)


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ("welcome(open='')", "no sandbox on test/test"),
        ("welcome(exec='ENOENT')", "no sandbox on test/test"),
        ("welcome(installed=False)", "no sandbox on test/test"),
        ("welcome(protocol=2)", "speaks protocol 2"),
        ("sys.exit('renderer: seccomp: function not implemented')", r"crashed \(exit status 1: renderer: seccomp"),
        ("receive(); send(b'nonsense')", "crashed"),
    ],
)
def test_a_child_without_proof_is_refused(impostor: Impostor, lines: str, words: str) -> None:
    child = a_child(impostor(lines))
    with pytest.raises(SandboxRefused, match=words):
        child.ready()
    assert not child.alive


def test_a_child_without_a_sandbox_is_taken_where_the_setting_allows_it(impostor: Impostor) -> None:
    child = a_child(impostor("welcome(installed=False); receive()"), allow_unsandboxed=True)
    assert not child.ready().sandbox.installed
    child.close()


def test_a_binary_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SandboxRefused, match="renderer-x does not start: No such file"):
        a_child(tmp_path / "renderer-x")


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        ("send(b'nonsense')", "protocol"),
        ("send({'ask': 'write', 'path': 'x'})", "protocol"),
        ("send({'id': 2, 'ok': True}); send(b'[]')", "protocol"),
        ("send({'id': 1, 'ok': True, 'count': 1, 'origins': []}); send(b'[{}]')", "protocol"),
        ("send({'id': 1, 'ok': True}); send(b'{}')", "protocol"),
        ("send({'id': 1, 'ok': True}); send(b'[')", "protocol"),
        ("sys.stdout.buffer.write(b'\\xff' * 8); sys.stdout.flush()", "protocol"),
        ("sys.exit(3)", "crash"),
        ("sys.stderr.write('x' * 1_000_000); sys.exit(2)", "crash"),
        ("sys.exit('panic: the password is hunter2')", "crash"),
        ("sys.exit('fatal error: stack overflow')", "stack"),
    ],
)
def test_a_child_that_breaks_the_protocol_is_ended_and_not_believed(impostor: Impostor, lines: str, kind: str) -> None:
    child = a_child(impostor(f"welcome(); receive(); {lines}"))
    with pytest.raises(RendererDied) as death:
        child.render(a_request(), MemoryFiles({}), deadline_s=10)
    assert death.value.kind == kind
    assert "hunter2" not in str(death.value)
    assert not child.alive
