#!/usr/bin/env bash
# DuckDB 2.0.1: read_csv drops the rows that begin with "#", although no comment character is set.
#
# The documentation gives the parameter `comment` the default "(empty)", and does not name it among the "dialects
# considered for automatic dialect detection": those are delim, quote and escape (docs, data/csv/overview, "Parameters",
# and data/csv/auto_detection, "Dialect Detection"). So who sets these three and the header has set the dialect. DuckDB
# still tries "#" as a comment character, and takes it, in files of up to some 2,000 rows, for instance when the first
# column has only numbers or empty cells in the rows that do not begin with it. Rows whose ticket or customer number is
# written "#1001" are then left out, and other lines end at their first "#". There is no warning. `comment = ''`,
# `columns` and `auto_detect = false` prevent it. Related: duckdb#17744, where the same guess ends in an error.
# Seen: 1 of 6 rows, without a reference in it; all 6 with comment = ''.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: "duckdb==2.0.1"
cat > tickets.csv <<'CSV'
ticket,name,plan
#1001,Ada Ito,gold
#1002,Bo Green,basic
,Cy Stone,see #1001
#1004,Di Wood,gold
#1005,Ed Frost,basic
#1006,Flo Reed,gold
CSV
venv/bin/python - <<'PYTHON'
import csv

import duckdb

with open("tickets.csv", newline="", encoding="utf-8") as file:
    written = [tuple(value or None for value in row) for row in csv.reader(file)][1:]
dialect = "header = true, delim = ',', quote = '\"', escape = '\"', all_varchar = true"
read = duckdb.sql(f"FROM read_csv('tickets.csv', {dialect})").fetchall()
unguessed = duckdb.sql(f"FROM read_csv('tickets.csv', {dialect}, comment = '')").fetchall()
print("DuckDB", duckdb.__version__, "read", read, "of", len(written), "rows, and with comment = ''", len(unguessed))
raise SystemExit(read != [(None, "Cy Stone", "see ")] or unguessed != written)
PYTHON
