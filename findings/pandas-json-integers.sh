#!/usr/bin/env bash
# pandas 3.1.1: read_json turns integers of 20 digits and more into other integers.
#
# RFC 8259, section 6, sets no limit to numbers, and lets a reader have one. pandas has one, 64 bits, and says so with
# "ValueError: Value is too big!". But it looks for the overflow only after it has happened, so a number whose remainder
# modulo 2**64 happens to be large enough passes: of 20 digits that is two thirds of them, of 21 digits a quarter. What
# comes back is a plain integer of about the same length, another customer's number as likely as not. `dtype` does not
# help, since it is applied afterwards: asked for text, pandas gives the text of the wrong number. Known is only the
# error, as pandas#63572.
# Seen: 123456789012345678901 is read as 12776324570088369205; its neighbour 99999999999999999999 is refused.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: "pandas==3.1.1"
printf '{"crm_id": 123456789012345678901, "name": "Ada Ito"}\n' > customers.jsonl
printf '{"crm_id": 99999999999999999999, "name": "Bo Green"}\n' > refused.jsonl
venv/bin/python - <<'PYTHON'
import pandas

written = 123456789012345678901
read = pandas.read_json("customers.jsonl", lines=True)["crm_id"].tolist()
as_text = pandas.read_json("customers.jsonl", lines=True, dtype={"crm_id": str})["crm_id"].tolist()
try:
    refused = str(pandas.read_json("refused.jsonl", lines=True))
except ValueError as error:
    refused = str(error)
print("pandas", pandas.__version__, "read", written, "as", read, "as text", as_text)
print("and of 99999999999999999999:", refused)
wrapped = written % 2**64
raise SystemExit(read != [wrapped] or as_text != [str(wrapped)] or "too big" not in refused)
PYTHON
