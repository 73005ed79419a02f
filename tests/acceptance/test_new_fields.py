"""Adding a field by the recipe of ``docs/architecture.md``: done to a copy of the program, which then sends it."""

import shutil
from dataclasses import replace
from pathlib import Path

from provisioner.errors import ExitCode
from tests.acceptance.program import CREDENTIALS, ROOT, Program
from tests.stub_twilio import StubMaker

RECIPE = {
    "models/inputs.py": ("""    identity: str = ""\n""", """    favourite_tea: str = ""\n"""),
    "rows/build.py": (
        """    "identity": validation.validate_identity,\n""",
        """    "favourite_tea": validation.validate_name,\n""",
    ),
    "twilio/webchats.py": (
        """    (b"Identity=", "identity"),\n""",
        """    (b"FavouriteTea=", "favourite_tea"),\n""",
    ),
}
"""The line to add to each module of the recipe, in front of another."""


def add_field(package: Path) -> None:
    """Add a made-up field to a copy of the program, one line in each module that the recipe names."""
    for name, (before, line) in RECIPE.items():
        module = package / name
        text = module.read_text(encoding="utf-8")
        assert text.count(before) == 1, name
        module.write_text(text.replace(before, line + before), encoding="utf-8")


async def test_a_field_added_by_the_recipe_reaches_the_server(program: Program, twilio: StubMaker) -> None:
    """Three lines make a column of its name travel, ``--set`` understand it and a bad text of it a problem."""
    server = await twilio()
    program = replace(program, forks=None)  # what is imported already is no copy
    copy = shutil.copytree(ROOT / "provisioner", program.folder / "provisioner")
    add_field(copy)
    program.write("customers.csv", f"CustomerFriendlyName,Favourite Tea\nAda,Earl Grey\nBo,\nCy,{'x' * 300}\n")
    flags = ("--base-url", server.url, "--concurrency", "1", "--rate", "0", "--yes")

    by_name = await program("run", "customers.csv", "-o", "results.csv", *flags, env=CREDENTIALS)
    by_rule = await program(
        *("run", "customers.csv", "-o", "again.csv", "--set", "FavouriteTea={CustomerFriendlyName}", *flags),
        env=CREDENTIALS,
    )

    forms = [(call.name, call.form.get("FavouriteTea")) for call in server.calls]
    assert forms == [("Ada", "Earl Grey"), ("Bo", None), ("Ada", "Ada"), ("Bo", "Bo"), ("Cy", "Cy")]
    assert (by_name.code, by_rule.code) == (ExitCode.REJECTED, ExitCode.DONE)
    assert "favourite_tea (column 'Favourite Tea'): is 300 characters long" in program.results()[2]["error"]
