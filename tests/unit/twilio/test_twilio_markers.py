"""What a conversation was created with, as far as it can be read."""

import json
from typing import Any

import pytest

from provisioner.twilio.conversations import Conversation


@pytest.mark.parametrize(
    ("attributes", "marker"),
    [
        (json.dumps({"pre_engagement_data": {"m": "abc"}}), "abc"),
        (json.dumps({"pre_engagement_data": json.dumps({"m": "abc"})}), "abc"),
        (json.dumps({"pre_engagement_data": {"m": 7}}), ""),
        (json.dumps({"pre_engagement_data": {}}), ""),
        (json.dumps({"pre_engagement_data": None}), ""),
        (json.dumps({"pre_engagement_data": [1]}), ""),
        (json.dumps({"pre_engagement_data": "not json"}), ""),
        ("{}", ""),
        ("[]", ""),
        ("not json", ""),
        ("\ud800", ""),
        ("", ""),
        (None, ""),
    ],
)
def test_a_marker_is_read_or_empty(attributes: Any, marker: str) -> None:
    """Attributes are JSON text and the data in them an object, or JSON text again; anything else is empty."""
    assert Conversation("CH1", attributes=attributes).marker("m") == marker
