"""JSON in four layouts: lines, text sequence, array, and the tree of ``sf data export tree``.

``layouts`` recognises them · ``source`` reads the records · ``writer`` writes records back.
"""
