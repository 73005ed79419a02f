"""Input files as bytes.

``discovery`` resolves file names, globs and pipes · ``raw_input`` bytes and fingerprint of one input · ``pipes``
opens pipes · ``spool`` copies them to a temporary file · ``compression`` and ``members`` decompression.
"""
