"""How a job is named that has sent the same input before."""

from datetime import UTC, datetime
from pathlib import Path

from provisioner.ledger import LedgerLocation
from provisioner.runs.sent_before import SentBefore

AT = datetime(2026, 3, 1, tzinfo=UTC)


def test_the_options_that_go_on_with_a_job_name_its_results_and_its_ledger(tmp_path: Path) -> None:
    """-o alone goes on with a ledger beside its results; for any other one both options are needed."""
    results = tmp_path / "out.csv"
    results.write_text("")
    beside, other = LedgerLocation.beside(results), LedgerLocation.parse("job-1.ledger")
    table = [
        (beside, "elsewhere.csv", f"-o {results},"),
        (other, str(results), f"-o {results} --ledger job-1.ledger,"),
        (LedgerLocation.parse("job.db"), "r.csv", "-o r.csv --ledger job.db,"),
        (LedgerLocation.parse("job.db"), "", "its -o and --ledger job.db,"),
        (LedgerLocation.parse("gone.csv.ledger"), "", "-o gone.csv,"),
    ]
    for ledger, output, flags in table:
        error = SentBefore(ledger, "in.csv", 2, AT, output).error(Path("new.csv"))

        assert error.cure.startswith(f"go on with that job by {flags} in place of -o new.csv")


def test_a_job_of_another_kind_is_gone_on_with_by_its_kind() -> None:
    """A job for one account has no --accounts, and one for many needs it."""
    ledger = LedgerLocation.parse("job.db")
    table = [
        ((False, True), "sent to accounts of this job", "--ledger job.db without --accounts, in place"),
        ((True, False), "sent to this account", "--ledger job.db and its --accounts, in place"),
        ((True, True), "sent to accounts of this job", "--ledger job.db, in place"),
    ]
    for (is_of_many, is_for_many), where, flags in table:
        before = SentBefore(ledger, "in.csv", 2, AT, is_of_many=is_of_many, is_for_many=is_for_many)

        error = before.error(Path("new.csv"))

        assert where in error.message
        assert flags in error.cure
