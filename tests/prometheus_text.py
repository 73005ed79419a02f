"""Strict parser of Prometheus's text format.

Source: https://prometheus.io/docs/instrumenting/exposition_formats/
"""

import re
from collections.abc import Mapping

_NAME = r"[a-zA-Z_:][a-zA-Z0-9_:]*"
_LABEL = r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\["\\n])*)"'
_COMMENT = re.compile(rf"# (HELP|TYPE) ({_NAME}) (.+)")
_SAMPLE = re.compile(rf"({_NAME})(?:\{{({_LABEL}(?:,{_LABEL})*)\}})? (\S+)")
_TYPES = {"counter", "gauge", "histogram", "summary", "untyped"}

Samples = Mapping[tuple[str, frozenset[tuple[str, str]]], float]


def parse(text: str) -> Samples:
    """Return all samples by name and labels.

    Fail when a line is malformed, when a metric family has no HELP and TYPE line before its samples, when its
    samples are not consecutive, when a family or a sample occurs twice, or when a family that is not a counter is
    named like one.
    """
    assert text.endswith("\n")
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    seen: list[str] = []
    helped: set[str] = set()
    suffixes: tuple[str, ...] = ()
    for line in text.splitlines():
        if line.startswith("#"):
            comment = _COMMENT.fullmatch(line)
            assert comment is not None, line
            kind, name, rest = comment.groups()
            assert name not in seen, f"{name} comes twice"
            assert kind == "HELP" or (name in helped and rest in _TYPES), line
            if kind == "HELP":
                helped.add(name)
            else:
                seen.append(name)
                suffixes = ("_bucket", "_sum", "_count") if rest == "histogram" else ("",)
                assert (rest == "counter") == name.endswith("_total"), f"{name} is named like another type"
            continue
        sample = _SAMPLE.fullmatch(line)
        assert sample is not None, line
        own = {f"{seen[-1]}{suffix}" for suffix in suffixes} if seen else set()
        assert sample[1] in own, f"{line} is not below its family"
        labels = frozenset((name, _unescaped(value)) for name, value in re.findall(_LABEL, sample[2] or ""))
        assert (sample[1], labels) not in samples, f"{line} comes twice"
        samples[sample[1], labels] = float(sample[sample.lastindex or 0])
    assert helped == set(seen)
    return samples


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: "\n" if found[1] == "n" else found[1], text)
