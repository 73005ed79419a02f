"""HTTP/1.1 client over aiohttp's connections: sends each request at most once and reports whether it was sent.

It knows nothing of Twilio. ``transport`` sends one request and returns its reply · ``exchange`` holds one request
and its reply · ``pool`` keeps idle connections · ``request_bytes`` builds the bytes of a request ·
``write_batcher`` writes requests together · ``deadlines`` one timer for all time-outs · ``failures`` maps
exceptions to error codes and sentences.
"""
