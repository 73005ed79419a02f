"""Workbooks: Excel's (``.xlsx``) and OpenDocument spreadsheets (``.ods``).

``archive`` the zip archive and its parts · ``xml_reader`` parses one part · ``plain_xml`` takes items in plain
form out of it, ``plain_rows`` rows · ``book`` the workbook and its sheets · ``opendocument`` the same of the other
format · ``sheet`` rows · ``sheet_rows`` how they are put together · ``cells`` and ``cell_reader`` values ·
``styles`` formats of cells · ``texts`` shared strings · ``tables`` totals · ``layout`` titles and header ·
``open`` chooses the sheet · ``source`` reads the records · ``writer`` writes records back.
"""
