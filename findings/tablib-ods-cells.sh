#!/usr/bin/env bash
# tablib 3.10.0 shifts the cells of .ods files to the left, drops rows, and cuts texts.
#
# OpenDocument writes equal neighbours once, with table:number-columns-repeated or table:number-rows-repeated, holds
# grouped rows in table:table-row-group, has one text:p for each line of a cell, and text:s for further spaces
# (OpenDocument 1.3, part 3, under these names). LibreOffice writes them all. tablib, and django-import-export on top
# of it, counts a repeated cell once and repeated empty ones not at all, then fills the row up at its end, so that what
# follows stands in the wrong column; counts a repeated row once; passes over groups; and ends a text after its first
# line, or after the first of two spaces. There is no error. The columns alone are known upstream, as tablib#616.
# Seen: phone numbers in the columns of the address and the company; 3 of 5 rows; two texts cut.
# pandas, with odfpy as tablib, reads all of it right.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "tablib[ods]==3.10.0" "odfpy==1.4.1" "pandas==3.1.1"
cat > write.py <<'PYTHON'
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow, TableRowGroup
from odf.text import P, S


def cell(*lines, **attributes):
    made = TableCell(valuetype="string", **attributes)
    for line in lines:
        made.addElement(P(text=line) if isinstance(line, str) else line)
    return made


def row(*cells, **attributes):
    made = TableRow(**attributes)
    for each in cells:
        made.addElement(cell(each) if isinstance(each, str) else each)
    return made


spaced = P(text="Flat")
spaced.addElement(S(c=2))
spaced.addText("7")
group = TableRowGroup()
group.addElement(row("Cy", "Stone", "Acme", "Lane 5", "0303"))
book = OpenDocumentSpreadsheet()
sheet = Table(name="Customers")
book.spreadsheet.addElement(sheet)
for line in (
    row("given", "family", "company", "address", "phone"),
    row(cell("Otto", numbercolumnsrepeated=2), "Acme", cell("Road 1", "Rear house"), "0101"),
    row("Ada", TableCell(numbercolumnsrepeated=2), cell(spaced), "0202"),
    group,
    row("Di", "Wood", "Acme", "Way 9", "0404", numberrowsrepeated=2),
):
    sheet.addElement(line)
book.save("customers.ods")
PYTHON
venv/bin/python write.py
venv/bin/python - <<'PYTHON'
from importlib.metadata import version

import pandas
import tablib

with open("customers.ods", "rb") as file:
    read = [list(row) for row in tablib.Dataset().load(file, format="ods")]
right = pandas.read_excel("customers.ods", engine="odf", dtype=str, keep_default_na=False).values.tolist()
print("tablib", version("tablib"), "read")
print(*read, sep="\n")
print("pandas", pandas.__version__, "read")
print(*right, sep="\n")
held = [
    ["Otto", "Otto", "Acme", "Road 1\nRear house", "0101"],
    ["Ada", "", "", "Flat  7", "0202"],
    ["Cy", "Stone", "Acme", "Lane 5", "0303"],
    *[["Di", "Wood", "Acme", "Way 9", "0404"]] * 2,
]
seen = [
    ["Otto", "Acme", "Road 1", "0101", ""],
    ["Ada", "Flat", "0202", "", ""],
    ["Di", "Wood", "Acme", "Way 9", "0404"],
]
raise SystemExit(read != seen or right != held)
PYTHON
