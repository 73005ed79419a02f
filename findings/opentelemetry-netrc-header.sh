#!/usr/bin/env bash
# opentelemetry-exporter-otlp-proto-http 1.45.2: ~/.netrc replaces the authorization of OTEL_EXPORTER_OTLP_HEADERS.
#
# The exporter sends with requests, which looks every host up in ~/.netrc and then sets the header `authorization`
# itself, over the one that it was given. OpenTelemetry says of OTEL_EXPORTER_OTLP_HEADERS that its pairs are "used as
# headers associated with gRPC or HTTP requests" (specification, protocol/exporter, "Configuration Options"), and names
# no other source of one. So on a machine whose ~/.netrc has a line for the collector's host, or a line `default` for
# any host, such as one for a package index, the token of the environment is never sent, and the collector refuses the
# exports with 401.
# Seen: with OTEL_EXPORTER_OTLP_HEADERS=authorization=Bearer%20token the collector gets `Bearer token` without a
# ~/.netrc, and `Basic …` with a line `default` in it. A header of another name arrives in both cases.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "opentelemetry-exporter-otlp-proto-http==1.45.2" \
    "opentelemetry-sdk==1.45.2" "requests==2.34.2"
cat > export.py <<'PYTHON'
import os
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        print(self.headers["authorization"], self.headers["x-tenant"])
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_):
        pass


server = HTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(OTLPSpanExporter()))
provider.get_tracer("finding").start_span("span").end()
PYTHON
export OTEL_EXPORTER_OTLP_HEADERS='authorization=Bearer%20token,x-tenant=north'
mkdir without with
printf 'default login somebody password invented\n' > with/.netrc
chmod 600 with/.netrc
without=$(HOME=$folder/without venv/bin/python export.py)
with=$(HOME=$folder/with venv/bin/python export.py)
venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -E '^(opentelemetry-exporter-otlp-proto-http|requests) '
echo "without ~/.netrc: $without"
echo "with ~/.netrc:    $with"
[ "$without" = "Bearer token north" ] && [ "$with" = "Basic $(printf 'somebody:invented' | base64) north" ]
