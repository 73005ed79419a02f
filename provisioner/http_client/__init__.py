"""An HTTP client over aiohttp's connections that sends each request exactly once and tells whether it left.

Knows nothing of Twilio. ``transport`` one request at a time · ``exchange`` one request and its reply · ``pool``
idle connections · ``request_bytes`` requests as bytes · ``write_batcher`` requests that leave together ·
``deadlines`` one timer for all timeouts · ``failures`` what an exception means.
"""
