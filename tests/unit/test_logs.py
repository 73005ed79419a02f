"""Log events become lines that hold neither secrets nor customers' data."""

import json
import logging
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import structlog

from provisioner.errors import UsageError
from provisioner.logs import LogSettings, logging_configured
from provisioner.models import WebChatRequest
from provisioner.system.shown_time import times_shown_in
from provisioner.system.tracebacks import describe_traceback
from tests.unit.ledger.sqlite.test_ledger_crashes import files_no_larger_than

TIMESTAMP = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z"


@contextmanager
def logged(settings: LogSettings, *, is_terminal: bool = False, has_colour: bool = False) -> Iterator[list[str]]:
    """Give the lines that stderr gets while the context lasts."""
    lines = list[str]()
    with logging_configured(settings, lines.append, is_terminal=is_terminal, has_colour=has_colour):
        yield lines


def event_of(log: Callable[[Any], object]) -> dict[str, Any]:
    """Return one event as JSON tells it, without its time."""
    with logged(LogSettings(level="debug")) as lines:
        log(structlog.get_logger().bind())
    told: dict[str, Any] = json.loads(lines[0])
    assert re.fullmatch(TIMESTAMP, told.pop("timestamp"))
    return told


def crash() -> Exception:
    """Return an exception with a cause, both of which quote a customer."""
    names: dict[str, str] = {}
    try:
        try:
            names["Ada Lovelace"]
        except KeyError as cause:
            raise ValueError("Ada Lovelace") from cause
    except ValueError as error:
        return error
    raise AssertionError("nothing was raised")


def test_an_event_is_one_json_line_elsewhere_than_on_a_terminal() -> None:
    """Time, level and event come first, then what is bound and given."""
    with logged(LogSettings()) as lines, structlog.contextvars.bound_contextvars(run_id="r1"):
        structlog.get_logger().bind().info("row.rejected", row=5, error_code="45745")

    assert len(lines) == 1
    assert re.fullmatch(
        rf'{{"timestamp":"{TIMESTAMP}","level":"info","event":"row.rejected","row":5,"error_code":"45745","run_id":"r1"}}',
        lines[0],
    )


def test_an_event_is_for_people_on_a_terminal() -> None:
    """The console's form is chosen by the terminal, and has colour only where that can show it."""
    with logged(LogSettings(), is_terminal=True) as plain:
        structlog.get_logger().info("run.started", rows=5)
    with logged(LogSettings(), is_terminal=True, has_colour=True) as coloured:
        structlog.get_logger().info("run.started", rows=5)

    assert re.fullmatch(r"\d\d:\d\d:\d\d[+-]\d\d:\d\d \[info     \] run.started +rows=5", plain[0])
    assert "\x1b[" in coloured[0]


def test_an_event_has_its_time_in_the_zone_of_the_command() -> None:
    """An event of a thread that knows nothing of the command is shown in the same zone, with its offset."""
    with times_shown_in(ZoneInfo("Asia/Kolkata")), logged(LogSettings(), is_terminal=True) as lines:
        structlog.get_logger().info("run.started")
        thread = threading.Thread(target=structlog.get_logger().info, args=("run.finished",))
        thread.start()
        thread.join()

    assert [line[8:14] for line in lines] == ["+05:30", "+05:30"]


def test_what_is_omitted_for_people_is_in_the_log_as_json(tmp_path: Path) -> None:
    """Text may leave out what a display counts; JSON, on stderr and in the file, has every event."""
    told = dict[str, list[str]]()
    for form in ("console", "json"):
        settings, lines = LogSettings(format=form, file=tmp_path / form), list[str]()
        with logging_configured(
            settings,
            lines.append,
            is_terminal=True,
            has_colour=False,
            omits=lambda event: event["event"] == "row.rejected",
        ):
            structlog.get_logger().warning("row.rejected", row=5)
            structlog.get_logger().info("run.finished")
        told[form], told[f"{form} file"] = lines, (tmp_path / form).read_text().splitlines()

    assert {name: len(lines) for name, lines in told.items()} == {
        "console": 1,
        "console file": 2,
        "json": 2,
        "json file": 2,
    }


@pytest.mark.parametrize(
    ("form", "is_terminal", "is_json"),
    [("auto", True, False), ("auto", False, True), ("json", True, True), ("console", False, False)],
)
def test_the_form_can_be_chosen(form: str, *, is_terminal: bool, is_json: bool) -> None:
    """What is asked for wins over what stderr is."""
    with logged(LogSettings(format=form), is_terminal=is_terminal) as lines:
        structlog.get_logger().info("run.started")

    assert lines[0].startswith("{") is is_json


def test_events_below_the_level_cost_nothing_and_say_nothing() -> None:
    """A bound logger's method for a level that is off does nothing at all."""
    with logged(LogSettings(level="warning")) as lines:
        log = structlog.get_logger().bind()
        log.info("row.created")
        log.warning("pace.cut")
        is_nothing = log.debug.__name__ == log.info.__name__ == "_nop"

    assert [json.loads(line)["event"] for line in lines] == ["pace.cut"]
    assert is_nothing


@pytest.mark.parametrize(
    "name",
    [
        "password",
        "auth_token",
        "TWILIO_API_SECRET",
        "api_key",
        "apiKey",
        "Authorization",
        "auth",
        "cookie",
        "credentials",
        "customer_friendly_name",
        "CustomerFriendlyName",
        "customer-friendly-name",
        "chat_friendly_name",
        "pre_engagement_data",
        "identity",
        "first_message",
        "friendlyName",
        "body",
    ],
)
def test_private_values_are_masked_by_their_names(name: str) -> None:
    """Secrets and customers' fields never appear, on top or inside."""
    told = event_of(lambda log: log.info("x.happened", **{name: "Ada", "inner": {"deep": [{name: "Ada"}]}}))

    assert told[name] == "***"
    assert told["inner"] == {"deep": [{name: "***"}]}


def test_what_is_not_private_is_told() -> None:
    """Keys of rows, SIDs, figures and paths go through as they are."""
    told = event_of(
        lambda log: log.info(
            "x.happened",
            row_key="k-1",
            address_sid="IG0",
            authority="us",
            latency_ms=1.5,
            ok=True,
            none=None,
            path=Path("a/b"),
            pair=(1, "é"),
            odd="\udcff",
        )
    )

    assert told == {
        "level": "info",
        "event": "x.happened",
        "row_key": "k-1",
        "address_sid": "IG0",
        "authority": "us",
        "latency_ms": 1.5,
        "ok": True,
        "none": None,
        "path": "a/b",
        "pair": [1, "é"],
        "odd": "\\udcff",
    }


def test_an_object_is_told_by_its_type_alone() -> None:
    """A request that is logged by mistake does not spill what it holds."""
    told = event_of(lambda log: log.info("x.happened", thing=WebChatRequest(customer_friendly_name="Ada")))

    assert told["thing"] == "<WebChatRequest>"


@pytest.mark.parametrize("given", ["error", "true"])
def test_an_exception_is_told_by_types_and_places(given: str) -> None:
    """Neither its text nor its variables appear; causes come first."""

    def log_it(events: Any) -> None:
        try:
            raise crash()
        except ValueError as error:
            events.error("x.failed", exc_info=error if given == "error" else True)

    told = event_of(log_it)

    assert told["error_type"] == "ValueError"
    assert "KeyError" in told["traceback"]
    assert told["traceback"][-1] == "ValueError"
    assert re.search(r"test_logs\.py:\d+ in crash", told["traceback"][0])
    assert "Ada" not in str(told)


def test_without_an_exception_there_is_nothing_to_tell() -> None:
    """``exc_info`` outside an except block adds nothing."""
    assert event_of(lambda events: events.error("x.failed", exc_info=True)) == {
        "level": "error",
        "event": "x.failed",
    }


def test_a_traceback_is_not_for_the_eyes_of_everybody(tmp_path: Path) -> None:
    """It goes to the file; on stderr it is shown at level debug, line by line on a terminal."""
    file = tmp_path / "run.log"
    with logged(LogSettings(file=file)) as quiet:
        structlog.get_logger().error("x.failed", exc_info=crash())
    with logged(LogSettings(level="debug"), is_terminal=True) as loud:
        structlog.get_logger().error("x.failed", exc_info=crash())

    assert "traceback" not in json.loads(quiet[0])
    assert json.loads(file.read_text())["traceback"][-1] == "ValueError"
    assert loud[0].splitlines()[-1] == "ValueError"
    assert "KeyError" in loud[0].splitlines()


def test_a_group_of_exceptions_is_told_with_what_it_holds() -> None:
    """Every exception of a task group has its lines."""
    lines = describe_traceback(ExceptionGroup("Ada", [crash(), OSError("Ada")]))

    assert lines[0] == "ExceptionGroup"
    assert lines.count("holding:") == 2
    assert lines[-1] == "OSError"


def test_a_suppressed_context_is_left_out() -> None:
    """``raise … from None`` means what it says."""
    error = ValueError()
    error.__context__, error.__suppress_context__ = KeyError(), True

    assert describe_traceback(error) == ["ValueError"]


def test_the_log_file_is_appended_to_and_private(tmp_path: Path) -> None:
    """JSON lines, whatever stderr shows, readable by the owner alone."""
    file = tmp_path / "run.log"

    for number in (1, 2):
        with logged(LogSettings(file=file, format="console")):
            structlog.get_logger().info("run.started", number=number)

    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [1, 2]
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_log_file_that_cannot_be_opened_is_a_usage_error(tmp_path: Path) -> None:
    """The message names the file, and nothing is configured."""
    before = structlog.get_config()

    with pytest.raises(UsageError, match=r"--log-file .*: Is a directory"), logged(LogSettings(file=tmp_path)):
        pass

    assert structlog.get_config() == before


def test_trouble_with_writing_never_reaches_whoever_logs(tmp_path: Path) -> None:
    """Neither a closed terminal nor a full disk keeps the line from the other, and no error comes back."""
    file = tmp_path / "run.log"

    def refuse(_line: str) -> None:
        raise OSError(5, "Input/output error")

    with logging_configured(LogSettings(file=file), refuse, is_terminal=False, has_colour=False):
        structlog.get_logger().info("run.started")
    with files_no_larger_than(0), logged(LogSettings(file=tmp_path / "full.log")) as lines:
        structlog.get_logger().info("run.started")

    assert len(lines) == 1
    assert json.loads(file.read_text())["event"] == "run.started"


def test_pythons_own_log_is_led_the_same_way() -> None:
    """Warnings of libraries arrive as events, without arguments and without what an exception says."""
    before = list(logging.getLogger().handlers)
    with logged(LogSettings(level="debug")) as lines:
        logger = logging.getLogger("asyncio")
        logger.warning("Task of %s was destroyed\nfuture: <Task Ada>", "Ada", exc_info=crash())
        logger.info("not worth it")
        logger.error("plain")
        logger.error("Exception in callback functools.partial(<method of Ada>, Row(name='Ada'))")

    first, second, third = map(json.loads, lines)
    assert (first["event"], first["library"], first["level"]) == ("library.warned", "asyncio", "warning")
    assert first["message"] == "Task of %s was destroyed"
    assert first["error_type"] == "ValueError"
    assert "Ada" not in lines[0]
    assert second["message"] == "plain"
    assert third["message"] == "Exception in callback functools.partial"
    assert logging.getLogger().handlers == before


def test_what_was_configured_before_holds_again_afterwards() -> None:
    """A log is open for one command."""
    before = structlog.get_config()

    with logged(LogSettings()):
        during = structlog.get_config()

    assert during != before
    assert structlog.get_config() == before
