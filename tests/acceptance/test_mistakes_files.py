"""Files named by mistake: as an output that would be lost, and as an input that is none."""

import pytest

from tests.acceptance.mistakes import contents_of, refused
from tests.acceptance.program import Program

pytestmark = pytest.mark.acceptance

CUSTOMERS = "Record ID,First Name,Last Name\n1,Ana,Lim\n2,Bo,Ek\n"
RUN = ("--simulate", "--rate", "0", "--preset", "hubspot")
"""What a job of these customers takes."""


async def test_no_option_that_writes_replaces_a_file_of_somebody_else(program: Program) -> None:
    """``-o``, ``--failed`` and ``--metrics-file``: each is refused with what is there, and --overwrite insists."""
    program.write("in.csv", CUSTOMERS)
    kept = {name: program.write(name, CUSTOMERS) for name in ("old.csv", "old.prom", "old.html")}
    done = await program("run", "in.csv", "-o", "r.csv", *RUN)
    assert done.code == 0, done.stderr

    for option, command in {
        "-o old.csv": ("run", "in.csv", "-o", "old.csv", *RUN),
        "--failed old.csv": ("run", "in.csv", "-o", "r.csv", "--failed", "old.csv", *RUN),
        "--metrics-file old.prom": ("load", "in.csv", "-o", "l.csv", "--metrics-file", "old.prom", *RUN),
        "-o old.html": ("report", "r.csv.ledger", "-o", "old.html"),
    }.items():
        says = [f"{option} would replace a HubSpot export (CSV of 3 columns)", "another name", "--overwrite"]
        await refused(program, "--log-file", "log", *command, says=says)
    await refused(program, "export", "r.csv.ledger", "-o", "old.csv", "--json", says=[], code=2)

    insisted = await program("export", "r.csv.ledger", "-o", "old.csv", "--overwrite")

    assert insisted.code == 0, insisted.stderr
    assert program.statuses("old.csv") == ["created", "created"]
    assert all(path.read_text() == CUSTOMERS for name, path in kept.items() if name != "old.csv")


async def test_the_next_run_replaces_the_files_of_the_last(program: Program) -> None:
    """A job that is repeated needs no option, also where a spreadsheet has saved its files in its own way."""
    program.write("in.csv", f"{CUSTOMERS}3,Cy\n")
    command = ("load", "in.csv", "-o", "r.csv", "--failed", "f.csv", "--metrics-file", "m.prom", *RUN)
    for _ in range(2):
        ended = await program(*command, "--rate", "50/s")

        assert ended.code == 4, ended.stderr
        assert program.statuses("r.csv") == ["created", "created", "invalid"]
        for name in ("r.csv", "f.csv"):
            path = program.folder / name
            path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b",", b";"))
    for _ in range(2):
        reported = await program("report", "r.csv.ledger")
        assert reported.code == 0, reported.stderr


async def test_a_comparison_has_a_page_of_its_own(program: Program) -> None:
    """Comparing two jobs leaves the page of the first as it was."""
    program.write("in.csv", CUSTOMERS)
    for name in ("a.csv", "b.csv"):
        await program("run", "in.csv", "-o", name, *RUN)
    await program("report", "a.csv.ledger")
    before = contents_of(program.folder)["a.csv.html"]

    compared = await program("report", "a.csv.ledger", "b.csv.ledger")

    assert (compared.code, compared.stdout.splitlines()[-1]) == (0, "results: a.csv-and-b.csv.html")
    assert contents_of(program.folder)["a.csv.html"] == before


async def test_results_are_refused_as_an_input(program: Program) -> None:
    """Whatever reads inputs says what may have been meant, and nothing passes it."""
    program.write("in.csv", CUSTOMERS)
    await program("run", "in.csv", "-o", "results.csv", *RUN)
    says = [
        "results.csv: is a results file",
        "original input",
        "--failed",
        "provisioner close results.csv",
        "--rebuild-from results.csv",
    ]

    await refused(program, "check", "results.csv", says=says)
    await refused(program, "run", "results.csv", "-o", "again.csv", "--yes", "--overwrite", *RUN, says=says)
    await refused(program, "load", "results.csv", "-o", "again.csv", "--simulate", says=says)
    await refused(program, "mapping", "suggest", "results.csv", says=says)


async def test_rows_of_a_job_are_not_sent_by_another(program: Program) -> None:
    """A file of rows to fix holds what a person has to fix; what an older one had besides stays with its job."""
    head = "id,CustomerFriendlyName,_status,_error_code,_error"
    program.write("fix.csv", f"{head}\n1,Ana,rejected,45745,no\n2,Bo,unsent,stopped,x\n3,Cy,unknown,timeout,x\n")
    command = ("--key", "id", "--failed", "fix-2.csv", "--simulate", "--rate", "0")

    fixed = await program("run", "fix.csv", "-o", "fixed.csv", *command)
    handed_on = await program("run", "fix-2.csv", "-o", "third.csv", "--key", "id", "--simulate", "--rate", "0")

    assert (fixed.code, fixed.counts) == (4, {"created": 1, "invalid": 2})
    assert '2,Bo,unsent,invalid_row,"_status: is unsent in the job that wrote it' in (
        program.folder / "fix-2.csv"
    ).read_text(encoding="utf-8")
    assert (handed_on.code, handed_on.counts) == (4, {"invalid": 2})
