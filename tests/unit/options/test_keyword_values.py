"""Options as keywords: natural values become what a flag would have given."""

from pathlib import Path
from typing import Any

import pytest

from provisioner.errors import UsageError
from provisioner.options import LoadOptions, ReconcileOptions, RunOptions
from provisioner.options.keyword_values import options_from_keywords

GOOD: dict[str, tuple[object, object]] = {
    "rate": (4, "4"),
    "key": ("crm_id", ("crm_id",)),
    "set": (["a={b}", "c={d}"], ("a={b}", "c={d}")),
    "output": ("results.csv", Path("results.csv")),
    "failed": (Path("failed.csv"), Path("failed.csv")),
    "max_duration": (90, "90"),
    "max_failures": ("2%", "2%"),
    "timeout": (3, 3),
    "limit": (7, 7),
    "retry": ("rejected", ("rejected",)),
    "friendly_name": (False, False),
    "on_unknown": ("hold", "hold"),
}
"""What is given, and what stands in the options then."""
BAD: dict[str, object] = {
    "rate": "fast",
    "key": 5,
    "output": 5,
    "max_duration": -1,
    "timeout": 0,
    "limit": 1.5,
    "canary": True,
    "retry": "all",
    "friendly_name": "no",
    "on_unknown": "guess",
    "yes": 1,
    "drain": float("nan"),
}
IN_VARIABLES = {
    "PROVISIONER_RUN_RATE": ("rate", "0.5/s", "0.5/s"),
    "PROVISIONER_RUN_KEY": ("key", "crm id\nbranch", ("crm id", "branch")),
    "PROVISIONER_RUN_LIMIT": ("limit", "7", 7),
    "PROVISIONER_RUN_TIMEOUT": ("timeout", "2.5", 2.5),
    "PROVISIONER_RUN_SIMULATE": ("simulate", "yes", True),
    "PROVISIONER_RUN_FRIENDLY_NAME": ("friendly_name", "0", False),
    "PROVISIONER_RUN_RETRY": ("retry", "rejected", ("rejected",)),
    "PROVISIONER_RUN_FAILED": ("failed", "f.csv", Path("f.csv")),
    "PROVISIONER_ADDRESS_SID": ("address_sid", "IG1", "IG1"),
}


def read(given: dict[str, object], environ: dict[str, str] | None = None) -> RunOptions:
    """Read the options of a run."""
    return options_from_keywords(RunOptions, "run", given, environ or {})


def test_natural_values_are_taken() -> None:
    """A number where the flag takes one, one text or several, a path in either form."""
    for name, (value, expected) in GOOD.items():
        found: Any = getattr(read({name: value}), name)
        assert (name, found) == (name, expected)


def test_a_fraction_is_written_out() -> None:
    """The rate's reader knows no exponents."""
    assert read({"rate": 0.00005}).rate == "0.00005"


def test_other_values_are_refused_by_their_names() -> None:
    """The message says which one, and the cure what it takes."""
    for name, value in BAD.items():
        with pytest.raises(UsageError) as caught:
            read({name: value})
        assert caught.value.message.startswith(name), name
        assert caught.value.cure, name


def test_none_is_not_given() -> None:
    """So a caller can pass on what it may have."""
    assert read({"ledger": None, "limit": None, "rate": None}) == RunOptions()


def test_an_unknown_keyword_names_the_nearest() -> None:
    """Those of the terminal alone are unknown here."""
    for name, near in {"adress_sid": "address_sid", "max-failures": "max_failures"}.items():
        with pytest.raises(UsageError) as caught:
            read({name: "x"})
        assert caught.value.cure == f"did you mean {near}?"
    with pytest.raises(UsageError, match="json"):
        read({"json": True})


def test_what_is_not_given_comes_from_the_variables() -> None:
    """By the names that the flags have, of this command alone; what is given wins."""
    for variable, (name, text, expected) in IN_VARIABLES.items():
        assert getattr(read({}, {variable: text}), name) == expected, variable
        assert getattr(read({}, {variable: ""}), name) == getattr(RunOptions(), name), variable

    assert read({"limit": 3}, {"PROVISIONER_RUN_LIMIT": "7"}).limit == 3
    assert options_from_keywords(LoadOptions, "load", {}, {"PROVISIONER_RUN_LIMIT": "7"}).limit == 0
    assert options_from_keywords(ReconcileOptions, "reconcile", {}, {"PROVISIONER_RECONCILE_AUDIT": "1"}).audit


def test_a_bad_variable_is_named() -> None:
    """Not the option, which nobody has given."""
    with pytest.raises(UsageError, match="PROVISIONER_RUN_LIMIT 'some'"):
        read({}, {"PROVISIONER_RUN_LIMIT": "some"})
