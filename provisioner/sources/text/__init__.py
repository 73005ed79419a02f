"""From bytes to text.

``encoding`` by byte order mark, NUL bytes or option · ``legacy_encodings`` by guessing · ``alphabets`` the letters
of languages · ``decoding`` strict decoding in blocks of lines.
"""
