"""Sets of the IDs of rows."""

from hypothesis import given
from hypothesis import strategies as st

from provisioner.ledger.shapes import LARGEST_ID
from provisioner.load.row_ids import RowIds

IDS = st.integers(1, 5) | st.integers(1_020, 1_030) | st.integers(0, LARGEST_ID)


@given(st.lists(st.tuples(st.booleans(), IDS)))
def test_it_has_what_a_set_has(changes: list[tuple[bool, int]]) -> None:
    """Whatever was added and removed before, near the end of a page and far away."""
    found, expected = RowIds(), set[int]()
    for is_added, row_id in changes:
        if is_added:
            found.add(row_id)
            expected.add(row_id)
        elif row_id in expected:
            found.remove(row_id)
            expected.remove(row_id)

    asked = {row_id for _, row_id in changes}
    assert {row_id for row_id in asked if row_id in found} == expected
    assert not any(row_id + 1 in found for row_id in asked - expected if row_id + 1 not in expected)
