"""Meaning of Twilio's replies.

``error_table`` classifies a reply by error code and HTTP status · ``common_errors`` is the table of all endpoints
· ``webchat_errors``, ``message_errors``, ``closing_errors``, ``list_errors`` hold the additions and exceptions of
each endpoint · ``reply_parsing`` reads bodies and headers · ``foreign_replies`` tells other servers' replies.
"""
