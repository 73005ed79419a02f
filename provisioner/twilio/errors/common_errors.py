"""Meaning of Twilio's error codes and HTTP statuses at every endpoint; an endpoint's own table overrides it.

Source: Twilio, https://www.twilio.com/docs/api/errors.
"""

from .error_table import Classifications, ambiguous, overlaid, postpones, rejects, stops, throttles

CREDENTIALS_CURE = "check TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET, or the profile"
_TOO_LARGE = rejects("the request is too large for Twilio")

CODES: Classifications = overlaid(
    {
        20003: stops(f"Twilio did not accept the credentials: {CREDENTIALS_CURE}"),
        20005: stops("the Twilio account is not active: check its status in the Twilio Console"),
        20010: stops("the Twilio account is suspended: check its status in the Twilio Console"),
        20413: _TOO_LARGE,
        20429: throttles("too many requests at once for this account"),
        20500: ambiguous("Twilio failed internally"),
        20503: ambiguous("Twilio was unavailable"),
        20504: ambiguous("Twilio timed out internally"),
        70051: stops(
            "the API key is restricted and lacks the permission for this: check its permissions, or use a "
            "Standard API key"
        ),
        90010: stops("the Twilio account is suspended or out of funds: check its balance in the Twilio Console"),
    }
)

CONVERSATIONS: Classifications = overlaid(
    CODES,
    {
        20162: postpones("another request is changing the conversation"),
        50063: throttles("too many requests for conversations", is_sure=True),
        50074: throttles("too many requests for this conversation", is_sure=True),
        50349: postpones("the conversation is busy"),
        50385: stops("the conversations are in another region: check TWILIO_REGION"),
        50386: postpones("the conversation's state is being changed"),
        50391: postpones("another request is changing the conversation"),
        50514: postpones("the conversation cannot be changed yet"),
    },
)
"""The same for all endpoints of the Conversations API."""

STATUSES: Classifications = overlaid(
    {
        401: stops(f"the credentials were not accepted: {CREDENTIALS_CURE}"),
        407: stops("the proxy asks for credentials: check --proxy"),
        408: ambiguous("the server gave up waiting for the request"),
        413: _TOO_LARGE,
        429: throttles("too many requests"),
        511: stops("the network wants a login first: check it, and --proxy"),
    }
)

CONVERSATION_STATUSES: Classifications = overlaid(
    STATUSES, {409: postpones("another request is changing the conversation")}
)
