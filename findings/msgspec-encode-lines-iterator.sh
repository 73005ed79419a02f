#!/usr/bin/env bash
# msgspec 0.22.0: JSON's encode_lines never frees an iterator that it is given, nor what the iterator holds.
#
# The documentation takes any iterable ("items: iterable - An iterable of items to encode"), so a generator is the usual
# way to write JSON Lines without holding all records. Each call keeps one reference to the iterator for ever, so a
# program that encodes batches of a `map` or generator expression over lists keeps all of those lists: its memory grows
# with the input. A list, a tuple, and an object whose __iter__ makes a new iterator are freed. The bytes are right.
# Seen: the generator is still alive after the call and the deletion of its only name; the list is not kept.
#
# Exits with 1 if that changes.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
python3 -m venv venv
venv/bin/pip install --quiet --disable-pip-version-check --only-binary :all: "msgspec==0.22.0"
venv/bin/python - <<'PYTHON'
import gc
import sys
import weakref

import msgspec


def records():
    yield {"id": 1}
    yield {"id": 2}


encoder = msgspec.json.Encoder()
generator = records()
alive = weakref.ref(generator)
lines = encoder.encode_lines(generator)
del generator
gc.collect()

listed = list(records())
before = sys.getrefcount(listed)
assert encoder.encode_lines(listed) == lines == b'{"id":1}\n{"id":2}\n'
kept = sys.getrefcount(listed) - before

is_alive = alive() is not None
print("msgspec", msgspec.__version__, "generator still alive:", is_alive, "references kept to a list:", kept)
raise SystemExit(not is_alive or kept != 0)
PYTHON
