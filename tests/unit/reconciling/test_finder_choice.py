"""By what rows are looked up, by table."""

from typing import Any, cast

import pytest

from provisioner.options import Rate
from provisioner.reconciling import choose_finder
from provisioner.reconciling.finders import IdentityFinder, MarkerFinder
from provisioner.rows import IdentityPolicy

UNUSED = cast(Any, None)
NO_NAME = "rows without identity and without marker cannot be looked up"
IGNORED = "Twilio gave guests other identities than asked for, so looking them up proves nothing"


@pytest.mark.parametrize(
    ("identity", "marker", "is_trusted", "expected"),
    [
        ("auto", "", True, IdentityFinder),
        ("auto", "crm_mark", True, IdentityFinder),
        ("auto", "", False, IGNORED),
        ("auto", "crm_mark", False, MarkerFinder),
        ("none", "crm_mark", True, MarkerFinder),
        ("none", "", True, NO_NAME),
        ("{Name}", "", True, IdentityFinder),
        ("{Name}", "", False, IGNORED),
        ("{Name}", "crm_mark", True, MarkerFinder),
    ],
)
async def test_rows_are_looked_up_by_what_tells_them_apart(
    identity: str, marker: str, expected: type | str, *, is_trusted: bool
) -> None:
    """By identity where each has its own and Twilio kept it, else by the mark, else not at all, with a reason."""
    identity_policy = IdentityPolicy("salt", identity, marker)

    chosen = choose_finder(UNUSED, identity_policy, rate=Rate(per_second=1), trusts_identities=is_trusted)

    assert (chosen.reason or type(chosen.finder)) == expected
    assert (chosen.finder is None) is bool(chosen.reason)
