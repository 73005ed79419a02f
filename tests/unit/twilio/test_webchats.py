"""The bytes of a create request."""

from urllib.parse import urlencode

from hypothesis import given
from hypothesis import strategies as st

from provisioner.models import WebChatRequest
from provisioner.twilio.webchats import encode_all

TEXT = st.one_of(st.text(), st.text(st.characters(max_codepoint=127)), st.text(st.sampled_from('{}":,%+ &=\n~ü')))


def test_a_form_is_what_twilio_documents() -> None:
    """The names are Twilio's, blanks are plus signs, and headers and messages are no part of it."""
    request = WebChatRequest(
        address_sid="IG" + 32 * "a",
        chat_friendly_name="Case 7",
        customer_friendly_name="Zoë & Söhne",
        pre_engagement_data='{"a":"1+1"}',
        identity="wc-1",
        ui_version="1.0",
        first_message="hello",
    )

    assert encode_all([request]) == [
        b"AddressSid=IG" + 32 * b"a" + b"&ChatFriendlyName=Case+7"
        b"&CustomerFriendlyName=Zo%C3%AB+%26+S%C3%B6hne"
        b"&PreEngagementData=%7B%22a%22%3A%221%2B1%22%7D&Identity=wc-1"
    ]


@given(chat=TEXT, customer=TEXT, data=TEXT)
def test_a_form_is_byte_equal_to_the_standard_library(chat: str, customer: str, data: str) -> None:
    """Whatever the texts, the bytes are those of ``urlencode``; empty fields are left out."""
    request = WebChatRequest(
        address_sid="IG1", chat_friendly_name=chat, customer_friendly_name=customer, pre_engagement_data=data
    )
    named = [
        ("AddressSid", "IG1"),
        ("ChatFriendlyName", chat),
        ("CustomerFriendlyName", customer),
        ("PreEngagementData", data),
    ]

    (form,) = encode_all([request])
    assert form.decode() == urlencode([(name, text) for name, text in named if text])
