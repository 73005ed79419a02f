#!/usr/bin/env bash
# python-calamine 0.9.1 reads cells with an error as empty texts, and does not tell which rows are hidden.
#
# A lookup that failed (#N/A) and a cell that was never filled are both "" in what it returns, from .xlsx as from .xls
# and .ods, so a program that takes an empty name for "no name" goes on with the row. The rows that a filter hides come
# among the others, and no attribute of the sheet says which they are. openpyxl keeps both apart.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: \
    "python-calamine==0.9.1" "openpyxl==3.1.5" "XlsxWriter==3.2.9"
venv/bin/python - <<'PYTHON'
from importlib.metadata import version

import openpyxl
import python_calamine
import xlsxwriter

with xlsxwriter.Workbook("book.xlsx") as book:
    sheet = book.add_worksheet()
    sheet.write_row(0, 0, ["Name", "Plan"])
    sheet.write_string(1, 0, "Ada Ito")
    sheet.write_formula(1, 1, "=NA()", None, "#N/A")
    sheet.write_row(2, 0, ["Bo Green", ""])
    sheet.set_row(2, options={"hidden": True})

rows = python_calamine.load_workbook("book.xlsx").get_sheet_by_index(0).to_python()
told = [name for name in dir(python_calamine.CalamineSheet) if "hidden" in name or "visible" in name]
sheet = openpyxl.load_workbook("book.xlsx", data_only=True).active
print("python-calamine", version("python-calamine"), "read", rows, "and tells of hidden rows:", told or "nothing")
print("openpyxl", openpyxl.__version__, "read", sheet["B2"].value, "and row 3 hidden:", sheet.row_dimensions[3].hidden)
raise SystemExit(rows != [["Name", "Plan"], ["Ada Ito", ""], ["Bo Green", ""]] or bool(told))
PYTHON
