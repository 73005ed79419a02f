"""Fixture of sources that read the bytes of a test."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from provisioner.options import InputOptions
from provisioner.sources import Source, open_sources

Open = Callable[..., Source]


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Open]:
    """Yield a function that opens a source over the given bytes; keyword arguments are input options."""
    with ExitStack() as stack:

        def open_bytes(content: bytes, name: str = "export.csv", **options: str) -> Source:
            path = tmp_path / name
            path.write_bytes(content)
            (source,) = stack.enter_context(open_sources([str(path)], InputOptions(**options)))
            return source

        yield open_bytes
