"""What a plan says about an input beyond its faults."""

from pathlib import Path

import pytest

from provisioner.mapping import Mapping
from provisioner.options import RunOptions
from provisioner.planning import open_input

UNUSED = "columns that nothing is made from: "
IMPERSONAL = "no column gives a name or data of the customers: say with --set which ones do"


@pytest.mark.parametrize(
    ("header", "notes"),
    [
        ("CustomerFriendlyName,pre_engagement.plan", ()),
        ("CustomerFriendlyName,Plan", (f"{UNUSED}Plan",)),
        ("Name,Plan", (f"{UNUSED}Name, Plan", IMPERSONAL)),
        ("ui_version,Plan", (f"{UNUSED}Plan", IMPERSONAL)),
        ("CustomerFriendlyName,FirstMessage", ()),
    ],
)
def test_what_is_left_out_is_said(header: str, notes: tuple[str, ...], tmp_path: Path) -> None:
    """Columns without a use are named, an input that says nothing of its customers most of all."""
    file = tmp_path / "customers.csv"
    file.write_text(f"{header}\nAna,x\n")
    options = RunOptions(address_sid="IG" + 32 * "a")

    with open_input([str(file)], options, Mapping.from_options(options), friendly_name=True) as job_input:
        assert len(list(job_input.entries())) == 1

    assert job_input.notes == notes
