#!/usr/bin/env bash
# xlsx2csv 0.8.6 replaces numbers by the text of their number format when that has an h, s, m, d or y in it.
#
# In a number format the characters in quotation marks are shown as they are, and make no date of a number (ECMA-376,
# part 1, section 18.8.31). xlsx2csv takes every format of its own with one of these letters anywhere for a date, and
# writes what strftime makes of the format: the number itself is lost. With "CUST-"0, which is how a workbook shows
# customer numbers, all customers get the same text; amounts in "USD" lose all but the day of the month. Formats like
# [Red]0 and "Nr. "0 are read right, so it is not noticed in every file. `--ignore-formats date` avoids it, for the
# price of real dates. openpyxl, python-calamine and Excel agree on the numbers.
# Seen: 10042 and 10043 both become `"cust-"0`, and 250.5 becomes `#,##0.00 "us06"`.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check \
    "xlsx2csv==0.8.6" "XlsxWriter==3.3.1" "openpyxl==3.1.5"
venv/bin/python - <<'PYTHON'
import csv
from importlib.metadata import version

import openpyxl
import xlsxwriter
import xlsx2csv

with xlsxwriter.Workbook("customers.xlsx") as book:
    sheet = book.add_worksheet()
    number, amount = (book.add_format({"num_format": text}) for text in ('"CUST-"0', '#,##0.00 "USD"'))
    for row, (customer, balance) in enumerate([(10042, 250.5), (10043, 999.25)]):
        sheet.write_number(row, 0, customer, number)
        sheet.write_number(row, 1, balance, amount)

xlsx2csv.Xlsx2csv("customers.xlsx").convert("customers.csv")
with open("customers.csv", newline="", encoding="utf-8") as file:
    read = list(csv.reader(file))
held = list(openpyxl.load_workbook("customers.xlsx").active.values)
print("xlsx2csv", version("xlsx2csv"), "wrote", read, "for", held)
one, other = read
is_same = one[0] == other[0] == '"cust-"0'
raise SystemExit(not is_same or one[1] != '#,##0.00 "us06"' or held != [(10042, 250.5), (10043, 999.25)])
PYTHON
