"""Meaning of Twilio's error codes and HTTP statuses at every endpoint; an endpoint's own table overrides it.

Source: Twilio, https://www.twilio.com/docs/api/errors.
"""

from .error_table import Classifications, ambiguous, overlaid, rejects, stops, throttles

CREDENTIALS_CURE = "check TWILIO_ACCOUNT_SID, TWILIO_API_KEY and TWILIO_API_SECRET, or the profile"
_TOO_LARGE = rejects("the request is too large for Twilio")

CODES: Classifications = overlaid(
    {
        20003: stops(f"Twilio did not accept the credentials: {CREDENTIALS_CURE}"),
        20413: _TOO_LARGE,
        20429: throttles("too many requests at once for this account"),
        20500: ambiguous("Twilio failed internally"),
        20503: ambiguous("Twilio was unavailable"),
        20504: ambiguous("Twilio timed out internally"),
    }
)

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
