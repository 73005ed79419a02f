"""Delimited text: CSV, TSV and the like.

``open`` finds dialect, preamble and footer · ``source`` reads the records · ``writer`` writes records back.
"""
