"""Excel workbooks (``.xlsx``).

``archive`` the zip archive and its parts · ``xml_reader`` parses one part · ``book`` the workbook and its sheets ·
``sheet`` rows · ``cells`` values · ``styles`` formats of cells · ``texts`` shared strings · ``source`` reads the
records · ``writer`` writes records back.
"""
