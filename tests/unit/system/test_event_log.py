"""Events go where the application sends them, and nowhere by themselves."""

import logging
from collections.abc import Iterator

import pytest
import structlog
from structlog.testing import capture_logs

from provisioner.logs import LogSettings, logging_configured
from provisioner.system.event_log import event_logger


@pytest.fixture(autouse=True)
def _unconfigured() -> Iterator[None]:
    """Nobody has configured structlog."""
    structlog.reset_defaults()
    yield
    structlog.reset_defaults()


def test_an_event_without_a_configuration_goes_to_the_logger_of_its_name(caplog: pytest.LogCaptureFixture) -> None:
    """From the level that this has when the event's logger is built, with what is bound."""
    with caplog.at_level(logging.INFO, logger="provisioner"), structlog.contextvars.bound_contextvars(run_id="r1"):
        log = event_logger()
        log.debug("row.created", row=1)
        log.info("run.started", rows=5, rate="4/s")

    assert caplog.messages == ["run.started rows=5 rate='4/s' run_id='r1'"]


def test_nothing_is_written_by_itself(capfd: pytest.CaptureFixture[str]) -> None:
    """Not even an error, which Python's last resort would print."""
    event_logger().error("dashboard.failed", error="OSError")

    assert capfd.readouterr() == ("", "")
    assert not structlog.is_configured()


def test_an_exception_is_told_by_type_and_place(caplog: pytest.LogCaptureFixture) -> None:
    """Its text may quote a row."""
    event_logger().warning("display.failed", exc_info=LookupError("Ana Müller"))

    (message,) = caplog.messages
    assert message.startswith("display.failed error_type='LookupError' error_place=")
    assert "Ana" not in caplog.text


def test_a_configuration_is_followed() -> None:
    """The application's own, whatever it does."""
    with capture_logs() as events:
        event_logger().info("run.started", rows=5)

    assert events == [{"event": "run.started", "rows": 5, "log_level": "info"}]


def test_the_log_of_the_command_line_leaves_structlog_as_it_was() -> None:
    """Unconfigured, where it was: or a later job of the process would print its events."""
    with logging_configured(LogSettings(), lambda _line: None, is_terminal=False, has_colour=False):
        assert structlog.is_configured()

    assert not structlog.is_configured()
