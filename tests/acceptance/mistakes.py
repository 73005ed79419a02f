"""A mistake, typed as a user would type it: what it is answered with, and that it changes nothing."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.acceptance.program import CREDENTIALS, Ended, Program
from tests.stub_twilio import StubTwilio


async def refused(
    program: Program,
    *typed: str | Path,
    says: Sequence[str],
    code: int = 2,
    server: StubTwilio | None = None,
    env: Mapping[str, str] = CREDENTIALS,
) -> Ended:
    """Type a command and require that it is refused with ``code`` before anything is sent or written.

    ``says`` are parts of the message, looked for in one line after the other in their order. Every file in the
    program's folder has to have the bytes it had, none may come or go, and ``server`` may get no request.
    """
    before = contents_of(program.folder)
    requests = 0 if server is None else len(server.calls) + len(server.lookups)

    ended = await program(*typed, env=env)

    assert ended.code == code, ended.stderr
    _require_in_order(ended.stderr, says)
    assert contents_of(program.folder) == before
    assert server is None or len(server.calls) + len(server.lookups) == requests
    return ended


def contents_of(folder: Path) -> dict[str, bytes]:
    """Return the bytes of every file below a folder, by its name."""
    return {
        str(path.relative_to(folder)): path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()
    }


def _require_in_order(text: str, parts: Sequence[str]) -> None:
    place = 0
    for part in parts:
        found = text.find(part, place)
        assert found >= 0, f"{part!r} is not said, or not in its place:\n{text}"
        place = found + len(part)
