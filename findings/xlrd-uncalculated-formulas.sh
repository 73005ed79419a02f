#!/usr/bin/env bash
# xlrd 2.0.2 reads a formula that was never calculated as an empty text, and does not tell which cells are formulas.
#
# xlwt, as other libraries that write .xls, calculates nothing: it stores a formula with an empty text as its result.
# xlrd returns a text cell with "" for it, as for a formula that really gives "", and keeps neither the formula nor its
# flags. So a reader of .xls cannot refuse what was never calculated. Error cells and hidden rows xlrd does tell.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: "xlrd==2.0.2" "xlwt==1.3.0"
venv/bin/python - <<'PYTHON'
import xlrd
import xlwt

book = xlwt.Workbook()
sheet = book.add_sheet("Customers")
for column, name in enumerate(["Points", "Twice the points", "Nothing"]):
    sheet.write(0, column, name)
sheet.write(1, 0, 21)
sheet.write(1, 1, xlwt.Formula("A2*2"))
sheet.write(1, 2, xlwt.Formula('""'))
sheet.row(1).hidden = True
book.save("book.xls")

sheet = xlrd.open_workbook("book.xls", formatting_info=True).sheet_by_index(0)
cells = [(cell.ctype, cell.value) for cell in sheet.row(1)]
# Whether the window shows formulas in place of values is a setting of the view.
told = [name for name in (*dir(sheet), *dir(xlrd.sheet.Cell)) if "formula" in name and name != "show_formulas"]
hidden = sheet.rowinfo_map[1].hidden
print("xlrd", xlrd.__version__, "read", cells, "tells of formulas:", told or "nothing", "and row 2 hidden:", hidden)
text = (xlrd.XL_CELL_TEXT, "")
raise SystemExit(cells != [(xlrd.XL_CELL_NUMBER, 21.0), text, text] or bool(told) or hidden != 1)
PYTHON
