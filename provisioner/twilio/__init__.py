"""Everything that is known about Twilio, and the only HTTP client: one attempt at a time, told by evidence.

``transport`` one request and its reply, made of ``routes`` (where to, and its first bytes), ``connections``,
``exchange`` (what happens over one), ``outbox`` and ``deadlines``; what fails is told by ``failures`` ·
``webchats``, ``messages``, ``conversations`` (with ``pages``), ``closing`` the calls · ``codes``,
``message_codes``, ``rulings``, ``replies`` what an answer means · ``credentials``, ``profiles``, ``hosts`` who
calls whom.
"""
