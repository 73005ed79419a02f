"""What may be shown of a request."""

from provisioner.models import WebChatRequest
from provisioner.rows import identity_for, mask_request

ADDRESS = "IG" + "0" * 32


def test_personal_data_is_shown_by_its_shape_only() -> None:
    """Lengths, kinds and the names inside the JSON are shown; texts are not."""
    request = WebChatRequest(
        address_sid=ADDRESS,
        chat_friendly_name="Q",
        customer_friendly_name="Ada Example",
        pre_engagement_data=(
            '{"plan":"g\\u00f6ld","n":1.10,"m":-1,"ok":true,"no":false,"nil":null,"o":{"a":1},"l":[1],"\\"":""}'
        ),
        identity="crm-7",
        ui_version="crm/1",
        first_message="Hello\nthere",
    )

    assert mask_request(request) == {
        "address_sid": ADDRESS,
        "chat_friendly_name": "<1 character>",
        "customer_friendly_name": "<11 characters>",
        "pre_engagement_data": (
            '{"plan": <4 characters>, "n": <number>, "m": <number>, "ok": <boolean>, "no": <boolean>, '
            '"nil": <null>, "o": <object>, "l": <list>, "\\"": <0 characters>}'
        ),
        "identity": "<5 characters>",
        "ui_version": "crm/1",
        "first_message": "<11 characters>",
    }


def test_fields_that_are_not_sent_are_not_shown() -> None:
    """The rendering has the fields of the request and no others."""
    assert mask_request(WebChatRequest(address_sid=ADDRESS)) == {"address_sid": ADDRESS}


def test_an_identity_made_by_us_is_shown() -> None:
    """It holds no personal data, and people look for it at Twilio."""
    identity = identity_for("a3f1", "7")

    assert mask_request(WebChatRequest(identity=identity)) == {"identity": identity}


def test_data_that_is_no_json_object_is_shown_by_its_length() -> None:
    """Of an invalid row nothing can be told apart."""
    assert mask_request(WebChatRequest(pre_engagement_data="[1]")) == {"pre_engagement_data": "<3 characters>"}
    assert mask_request(WebChatRequest(pre_engagement_data="{\ud800")) == {"pre_engagement_data": "<2 characters>"}
