"""HTTP/1.1 client over aiohttp's connections: sends each request at most once and reports whether it was sent.

It knows nothing of Twilio. ``transport`` sends one request and returns its reply · ``senders`` chooses how ·
``pooled_sender`` sends over kept connections, ``session_sender`` through aiohttp's session where the installed one
allows nothing else · ``connection`` is one connection, which ``connector`` opens · ``exchange`` one request and
what is known of it · ``pool`` keeps idle connections · ``request_bytes`` builds the bytes of a request, ``forms``
those of a form · ``write_batcher`` writes requests together · ``deadlines`` one timer for all time-outs ·
``failures`` maps exceptions to error codes and sentences.
"""
