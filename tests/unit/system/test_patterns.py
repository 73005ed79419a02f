"""Regular expressions that are compiled when they are first used."""

import re

import pytest

from provisioner.system.patterns import late_pattern


def test_a_late_pattern_behaves_as_the_compiled_one() -> None:
    """Methods and attributes are those of the compiled pattern, also when they are used again."""
    late = late_pattern(r"(?P<letter>[a-c])", re.IGNORECASE)

    assert [late.sub("x", "aBd") for _ in range(2)] == ["xxd", "xxd"]
    assert late.groupindex == {"letter": 1}
    assert late_pattern(rb"[a-c]").findall(b"abd") == [b"a", b"b"]


def test_a_late_pattern_is_compiled_at_its_first_use() -> None:
    """A malformed pattern is noticed when it is used, and not before."""
    late = late_pattern("(")

    with pytest.raises(re.error):
        late.search("a")
