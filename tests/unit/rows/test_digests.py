"""What names a row."""

import re

import msgspec
import pytest

from provisioner.models import FIELDS, WebChatRequest
from provisioner.rows import digest, identity_for, marker_for
from provisioner.rows.validation import validate_identity

ADDRESS = "IG" + "0" * 32


def test_a_digest_is_sixteen_bytes_and_the_same_on_every_machine_and_day() -> None:
    """It is kept in ledgers, so it must never change for the same request."""
    request = WebChatRequest(ADDRESS, "Renewal", "Ada Example", '{"plan":"gold"}', "crm-7", "crm/1", "Hello")

    assert digest(request).hex() == "cc5b705f8022a13564e3eb07a8a59e80"
    assert digest(WebChatRequest("a\ud800")).hex() == "da06b3901032f04455aeba0336c451a1"


def test_a_digest_does_not_depend_on_fields_that_are_not_given() -> None:
    """A field added in a later version leaves the digests of the rows that do not use it alone."""
    request = WebChatRequest(address_sid=ADDRESS, identity="crm-7")

    assert msgspec.msgpack.decode(msgspec.msgpack.encode(request)) == {"address_sid": ADDRESS, "identity": "crm-7"}


def test_a_text_in_another_field_is_another_digest() -> None:
    """Which field a text stands in is part of what is digested, for texts that are no text too."""
    for text in ("x", "\ud800"):
        digests = {digest(WebChatRequest(**{field: text})) for field in FIELDS}

        assert len(digests) == len(FIELDS)


def test_an_identity_is_stable_legal_and_says_nothing() -> None:
    """It is made from the key and cannot be read back."""
    identity = identity_for("a3f1", "ada@example.com")

    assert identity == identity_for("a3f1", "ada@example.com")
    assert re.fullmatch(r"wc-[0-9a-f]{32}", identity)
    assert validate_identity(identity) == ()


def test_two_jobs_and_two_rows_never_share_an_identity() -> None:
    """Neither a name nor an account can be matched across jobs."""
    identities = {identity_for(job, key) for job in ("a3f1", "b4e2") for key in ("7", "8", "", "\ud800")}

    assert len(identities) == 8


def test_a_marker_is_not_the_identity() -> None:
    """One cannot be derived from the other."""
    marker = marker_for("a3f1", "7")

    assert re.fullmatch(r"[0-9a-f]{32}", marker)
    assert marker not in identity_for("a3f1", "7")


@pytest.mark.parametrize("job_id", ["x", "x" * 64])
def test_a_job_id_has_up_to_64_bytes(job_id: str) -> None:
    """As many as the keyed hash takes."""
    assert identity_for(job_id, "7").startswith("wc-")
