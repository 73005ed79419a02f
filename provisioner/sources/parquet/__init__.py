"""Parquet files, read by row groups with pyarrow, which an extra installs.

``open`` opens an input, without the extra with the cure · ``file`` a file, with its errors · ``columns`` turns
columns into texts, ``times`` those of dates and times · ``source`` reads the records · ``writer`` writes rows back
in the same schema.
"""
