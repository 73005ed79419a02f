"""What Twilio's replies mean.

``error_table`` classifies by code and status · ``common_errors`` what means the same at every endpoint ·
``webchat_errors``, ``message_errors``, ``closing_errors``, ``list_errors`` what each endpoint adds or changes ·
``reply_parsing`` bodies and headers.
"""
