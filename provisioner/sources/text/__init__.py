"""Text inputs: detection of their encoding, and decoding.

``encoding`` the encoding by option, byte order mark or NUL bytes · ``legacy_encodings`` guesses for text that is
not Unicode, from a ``sample``, by ``oddity``, ``likelihood``, ``letter_frequencies`` and ``header_words`` ·
``decoding`` strict decoding in blocks of lines.
"""
