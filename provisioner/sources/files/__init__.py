"""Input files as bytes.

``discovery`` resolves file names, globs and pipes · ``raw_input`` bytes and fingerprint of one input · ``spool``
stdin in a temporary file · ``compression``, ``zstd`` decompression.
"""
