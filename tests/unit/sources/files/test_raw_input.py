"""Rules of the bytes behind an input."""

import gzip
import hashlib
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from provisioner.errors import InputError
from provisioner.models import Fingerprint
from provisioner.sources import Source

Open = Callable[..., Source]


def test_a_fingerprint_is_over_the_bytes_as_stored(opened: Open, tmp_path: Path) -> None:
    """A compressed file is digested as it is, under the name it was given."""
    content = gzip.compress(b"name\n" + os.urandom(100_000).hex().encode())

    source = opened(content)

    assert source.fingerprint() == Fingerprint(
        name=str(tmp_path / "export.csv"), size=len(content), sha256=hashlib.sha256(content).hexdigest()
    )


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b'{"a": 1}\n', b'[{"a": 1}]'])
def test_a_fingerprint_has_the_same_form_for_every_format(opened: Open, content: bytes) -> None:
    """It knows nothing of what the bytes mean."""
    source = opened(content)

    assert source.fingerprint().name == source.name
    assert source.fingerprint().sha256 == hashlib.sha256(content).hexdigest()


@pytest.mark.parametrize("change", ["grown", "replaced", "touched"])
def test_a_file_that_changed_after_it_was_opened_is_refused(opened: Open, tmp_path: Path, change: str) -> None:
    """The second pass must find the rows of the first."""
    source = opened(b"name\nAda\n")
    path = tmp_path / "export.csv"
    match change:
        case "grown":
            path.write_bytes(b"name\nAda\nBo\n")
        case "replaced":
            (tmp_path / "new").write_bytes(b"name\nBob\n")
            (tmp_path / "new").replace(path)
        case _:
            os.utime(path, (1, 1))

    with pytest.raises(InputError, match="has changed since it was first read"):
        list(source.records())


def test_a_file_that_vanished_is_refused(opened: Open, tmp_path: Path) -> None:
    """The error is the same for every format and pass."""
    source = opened(b"name\nAda\n")
    (tmp_path / "export.csv").unlink()

    with pytest.raises(InputError, match="cannot be opened: no such file or directory"):
        source.fingerprint()
