"""Delimited text: CSV, TSV and similar formats.

``open`` opens an input and detects how it is written · ``dialect`` delimiter, quoting and line ends · ``preamble``
lines before the header · ``footer`` lines after the last record · ``source`` reads the records · ``writer`` writes
records back.
"""
