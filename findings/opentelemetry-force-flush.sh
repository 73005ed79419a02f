#!/usr/bin/env bash
# opentelemetry-sdk 1.45.2: force_flush(timeout) does not keep to its timeout, and says True when nothing was delivered.
#
# A program calls it before it ends, with the time that it can spare, and asks the result whether its spans are safe.
# The specification says that ForceFlush "SHOULD complete or abort within some timeout", and "SHOULD provide a way to
# let the caller know whether it succeeded, failed or timed out" (trace/sdk, "ForceFlush()"); the signature takes
# `timeout_millis`. BatchSpanProcessor ignores it: the call takes as long as the exporter, 10 s for one batch unless
# OTEL_EXPORTER_OTLP_TIMEOUT says otherwise, and returns True whatever became of the batch.
# Seen: with a collector that takes 3 s to answer 503, force_flush(500) takes 3 s and returns True.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "opentelemetry-exporter-otlp-proto-http==1.45.2" \
    "opentelemetry-sdk==1.45.2" "requests==2.34.2"
cat > flush.py <<'PYTHON'
import logging
import os
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor


class Collector(BaseHTTPRequestHandler):
    def do_POST(self):
        self.rfile.read(int(self.headers["Content-Length"]))
        time.sleep(3)
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_):
        pass


logging.disable()
server = ThreadingHTTPServer(("127.0.0.1", 0), Collector)
threading.Thread(target=server.serve_forever, daemon=True).start()
os.environ["OTEL_EXPORTER_OTLP_ENDPOINT"] = f"http://127.0.0.1:{server.server_port}"
os.environ["OTEL_EXPORTER_OTLP_TIMEOUT"] = "3.5"
provider = TracerProvider(shutdown_on_exit=False)
provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter()))
provider.get_tracer("finding").start_span("span").end()
began = time.monotonic()
result = provider.force_flush(500)
took = time.monotonic() - began
print(f"force_flush(500) took {took:.1f} s and returned {result}", flush=True)
os._exit(0 if took > 2 and result is True else 1)
PYTHON
venv/bin/pip list --disable-pip-version-check 2>/dev/null | grep -E '^opentelemetry-(sdk|exporter-otlp-proto-http) '
venv/bin/python flush.py
