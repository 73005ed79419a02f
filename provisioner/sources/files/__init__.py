"""Input files as bytes, and outputs at an address.

``discovery`` resolves file names, globs, addresses and pipes · ``raw_input`` bytes and fingerprint of one input ·
``pipes`` opens pipes · ``remote`` and ``web`` read addresses · ``spool`` copies both to a temporary file ·
``objects`` writes to object stores · ``compression`` and ``members`` decompression.
"""
