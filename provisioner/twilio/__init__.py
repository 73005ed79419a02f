"""Everything that is known about Twilio: one attempt at a time, told by evidence.

``client`` opens the transport of an account · ``webchats``, ``messages``, ``conversations`` (with ``paging``) and
``closing`` are the calls · ``errors`` what a reply means · ``account`` who calls, and which hosts.
"""
