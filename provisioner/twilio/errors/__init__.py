"""What Twilio's replies mean.

``error_table`` classifies by code and status · ``webchat_errors``, ``message_errors`` the tables ·
``reply_parsing`` bodies and headers.
"""
