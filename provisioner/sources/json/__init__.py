"""JSON inputs in four layouts: lines, text sequence, array, and an object that contains a list of records.

``layouts`` detects the layout · ``shapes`` and ``outline`` the structure of an object · ``source`` the source ·
``lines`` and ``document`` read records by layout, ``document`` with ``cursor`` · ``objects`` one object as a
record · ``writer`` writes records back.
"""
