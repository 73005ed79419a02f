"""Text inputs: detection of their encoding, and decoding.

``encoding`` the encoding by option, byte order mark or NUL bytes · ``legacy_encodings`` guesses for text that is
not Unicode · ``alphabets`` the letters of languages · ``decoding`` strict decoding in blocks of lines.
"""
