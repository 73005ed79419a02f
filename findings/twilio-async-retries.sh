#!/usr/bin/env bash
# twilio 9.13.0: max_retries of the asynchronous client repeats a POST that was answered, so it may create twice.
#
# TwilioHttpClient and AsyncTwilioHttpClient document max_retries in the same words, "Maximum number of retries each
# request should attempt". In the first one it is the max_retries of requests' HTTPAdapter, which "applies only to
# failed DNS lookups, socket connections and connection timeouts, never to requests where data has made it to the
# server" (requests, API, HTTPAdapter). In the second it is aiohttp_retry's ExponentialRetry, with its own defaults:
# every method, every answer from 500 up. A 500 or 504 does not say that nothing was created; whoever makes a
# synchronous job asynchronous, with the same option, sends each such request up to three times. Neither client repeats
# a 429, the one answer that is safe. And max_retries=3 is three attempts here, two retries, and 1 is none.
# Seen: of create() with max_retries=3 and a server that answers 500, one request arrives; of create_async(), three.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    "twilio==9.13.0" "aiohttp-retry==2.9.1" "aiohttp==3.14.5" "requests==2.34.2"
cat > create.py <<'PYTHON'
import asyncio
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from importlib.metadata import version

from twilio.base.exceptions import TwilioRestException
from twilio.http.async_http_client import AsyncTwilioHttpClient
from twilio.http.http_client import TwilioHttpClient
from twilio.rest import Client

ACCOUNT, ADDRESS = "AC" + "2" * 32, "IG" + "3" * 32
arrived = []


class Api(BaseHTTPRequestHandler):
    status = 500

    def do_POST(self):
        arrived.append(self.rfile.read(int(self.headers["Content-Length"])))
        self.send_response(self.status)
        self.end_headers()
        self.wfile.write(b'{"message": "invented"}')

    def log_message(self, *_):
        pass


server = ThreadingHTTPServer(("127.0.0.1", 0), Api)
threading.Thread(target=server.serve_forever, daemon=True).start()


def client(http_client):
    made = Client(ACCOUNT, "invented", http_client=http_client, environment={"none": ""})
    made.flex_api.base_url = f"http://127.0.0.1:{server.server_port}"
    return made


def create():
    http = TwilioHttpClient(max_retries=3)
    # The adapter that it has made for Twilio's own addresses.
    http.session.mount("http://", http.session.get_adapter("https://flex-api.twilio.com/"))
    client(http).flex_api.v2.web_channels.create(address_sid=ADDRESS, customer_friendly_name="Ada Ito")


async def create_async():
    async with AsyncTwilioHttpClient(max_retries=3) as http:
        channels = client(http).flex_api.v2.web_channels
        await channels.create_async(address_sid=ADDRESS, customer_friendly_name="Ada Ito")


def count(call, status):
    arrived.clear()
    Api.status = status
    try:
        call()
    except TwilioRestException as error:
        assert error.status == status
    assert len(set(arrived)) == 1
    return len(arrived)


counts = {
    status: (count(create, status), count(lambda: asyncio.run(create_async()), status)) for status in (500, 504, 429)
}
for status, (one, other) in counts.items():
    print(f"twilio {version('twilio')}, answer {status}: create() sent {one}, create_async() sent {other}")
raise SystemExit(counts != {500: (1, 3), 504: (1, 3), 429: (1, 1)})
PYTHON
venv/bin/python create.py
