#!/usr/bin/env bash
# twilio 9.13.0 sends the clock time of any time zone as if it were UTC.
#
# Its functions take a datetime for `date_created`, `send_at`, `date_sent_after` and others. Python's datetime knows its
# offset, and the library answers with datetimes in UTC; the API asks for "ISO 8601" (Message, "SendAt"; Conversation
# Message, "DateCreated"). serialize.iso8601_datetime formats with "%Y-%m-%dT%H:%M:%SZ" and does not convert first, so
# the offset is dropped and Z put in its place. A message that is scheduled for 14:00 in Berlin goes out at 16:00, the
# history of a customer from New York is dated hours too early, and a list "after" a moment starts at another one. There
# is no error, and with a datetime in UTC all is right, so tests in UTC see nothing.
# Seen: 14:00+02:00, which is 12:00Z, is sent as 14:00Z in a create, a schedule and a filter.
#
# Nothing is sent: a client takes the requests in place of the network. Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "twilio==9.13.0"
venv/bin/python - <<'PYTHON'
import logging
from datetime import UTC, datetime, timedelta, timezone
from importlib.metadata import version

from twilio.http import HttpClient
from twilio.http.response import Response
from twilio.rest import Client


class Recorder(HttpClient):
    sent = {}

    def request(self, method, url, params=None, data=None, **_):
        self.sent |= {**(params or {}), **(data or {})}
        return Response(200, '{"messages": []}', {})


http = Recorder(logging.getLogger("finding"), False, None)
client = Client("AC" + "2" * 32, "invented", http_client=http, environment={"none": ""})
local = datetime(2026, 7, 1, 14, 0, tzinfo=timezone(timedelta(hours=2)))
assert local == datetime(2026, 7, 1, 12, 0, tzinfo=UTC)
conversation = client.conversations.v1.conversations("CH" + "3" * 32)
conversation.messages.create(author="ada", body="hello", date_created=local, date_updated=local.astimezone(UTC))
client.messages.create(
    to="+15005550006", messaging_service_sid="MG" + "4" * 32, body="hello", schedule_type="fixed", send_at=local
)
client.messages.list(date_sent_after=local)
names = ("DateCreated", "SendAt", "DateSent>", "DateUpdated")
print("twilio", version("twilio"), "of", local.isoformat(), "sent", {name: http.sent[name] for name in names})
is_shifted = all(http.sent[name] == "2026-07-01T14:00:00Z" for name in names[:3])
raise SystemExit(not is_shifted or http.sent["DateUpdated"] != "2026-07-01T12:00:00Z")
PYTHON
