#!/usr/bin/env bash
# openpyxl 3.1.5 deletes "x005F_" from texts that cells share.
#
# Excel escapes characters that XML cannot hold as _xHHHH_, and an underscore that could be taken for the start of
# that as _x005F_ (ECMA-376, part 1, section 22.4.2.4). openpyxl does not decode this: it removes "x005F_" wherever it
# stands, also in a text that has no escape at all. A customer's reference "REF-x005F_17" is read as "REF-17", with no
# warning; the same text in an inline string is read to the letter.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "openpyxl==3.1.5" "XlsxWriter==3.2.9"
venv/bin/python - <<'PYTHON'
import openpyxl
import xlsxwriter

written = "REF-x005F_17"
with xlsxwriter.Workbook("book.xlsx") as book:  # writes shared texts, as Excel does
    book.add_worksheet().write_string("A1", written)

read = openpyxl.load_workbook("book.xlsx").active["A1"].value
print("openpyxl", openpyxl.__version__, "wrote", repr(written), "read", repr(read))
raise SystemExit(read != "REF-17")
PYTHON
