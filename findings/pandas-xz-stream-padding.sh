#!/usr/bin/env bash
# pandas 3.0.0 (and Python's lzma module below it) loses the rows behind stream padding in a valid .xz file.
#
# The xz file format (section 2.2) allows zeros in multiples of four bytes between the streams of a file, and
# `xz -dc` reads all streams. lzma.LZMAFile takes whatever is no stream for the end of the file, without an error:
# pandas.read_csv returns the rows of the first stream alone. bz2.BZ2File does the same with a later stream whose
# start is damaged, where `bzip2 -dc` at least warns.
#
# Seen: xz prints 2001 lines, pandas reads 999 of the 2000 rows and says nothing. Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check "pandas==${PANDAS:-3.0.0}"

{ echo "crm_id,name"; seq 1 999 | sed 's/.*/&,Customer &/'; } | xz -c > customers.csv.xz
head -c 8 /dev/zero >> customers.csv.xz
seq 1000 2000 | sed 's/.*/&,Customer &/' | xz -c >> customers.csv.xz

xz --test customers.csv.xz
lines=$(xz -dc customers.csv.xz | wc -l)
rows=$(venv/bin/python -c 'import pandas; print(len(pandas.read_csv("customers.csv.xz")))')
venv/bin/python -c 'import pandas, sys; print("pandas", pandas.__version__, "Python", sys.version.split()[0])'
echo "xz -dc: $lines lines; pandas.read_csv: $rows rows"
[ "$lines" = 2001 ] && [ "$rows" = 999 ]
