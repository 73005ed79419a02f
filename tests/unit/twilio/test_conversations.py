"""The marks that a conversation carries, found wherever they stand."""

import json
from typing import Any

import pytest

from provisioner.rows import IdentityPolicy
from provisioner.twilio.conversations import Conversation

NAMING = IdentityPolicy("salt", "none", "m")
DEEP = 999 * "[" + 999 * "]"
MARK = NAMING.marker_value("k-1")


@pytest.mark.parametrize(
    ("attributes", "marks"),
    [
        (json.dumps({"pre_engagement_data": {"m": MARK}}), {MARK}),
        (json.dumps({"pre_engagement_data": json.dumps({"m": MARK})}), {MARK}),
        (
            json.dumps({"pre_engagement_data": f'{{"n": 1e999, "deep": {999 * "["}{999 * "]"}, "m": "{MARK}"}}'}),
            {MARK},
        ),
        (json.dumps({"pre_engagement_data": {"m": 7}}), set()),
        (json.dumps({"pre_engagement_data": {"longer": 33 * "a"}}), set()),
        *((attributes, set()) for attributes in ("not json", "\ud800", "", None)),
        (json.dumps({"pre_engagement_data": {"sid": "CH" + 32 * "a"}}), {32 * "a"}),
    ],
)
def test_marks_are_found_in_whatever_text(attributes: Any, marks: set[str]) -> None:
    """What a parser would choke on hides no mark; what has its shape and is none does no harm."""
    assert Conversation("CH1", attributes=attributes).marker_candidates == marks
