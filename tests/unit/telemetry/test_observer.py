"""What becomes spans and metrics of the events of a run."""

from msgspec import structs
from opentelemetry.sdk.trace import ReadableSpan, SpanProcessor
from opentelemetry.trace import SpanKind, StatusCode
from structlog.testing import capture_logs

from provisioner.models import MessageStatus, Row, SettingsStatus, Status, UnknownRow, Verdict
from provisioner.telemetry.observer import TracedRows
from tests.sids import conversation_sid, request_sid, sid
from tests.unit.telemetry.bench import HOST, ROW, Bench, answer, id_of, times_of, told

DUE = 1_700_000_000.0
THROTTLED = answer(
    DUE, verdict=Verdict.NOT_PROCESSED, http_status=429, error_code="throttled", is_throttled=True, took_s=0.125
)
CREATED = answer(
    DUE + 2,
    conversation_sid=conversation_sid(1),
    identity="ada@example.org",
    twilio_request_id=request_sid(4),
)
LOST = answer(DUE, verdict=Verdict.MAYBE, http_status=None, error_code="timeout")
COMMON = {"provisioner.account_sid": sid("AC", 1), "provisioner.simulated": False}
OF_CREATE = {
    "http.request.method": "POST",
    "server.address": "flex-api.twilio.com",
    "server.port": 443,
    "provisioner.step": "create",
}


async def _throttled_then_created(rows: TracedRows) -> None:
    async def process(row: Row) -> None:
        rows.answered(row, THROTTLED, 1)
        rows.answered(row, CREATED, 2)
        rows.settled(row, Status.CREATED, CREATED)

    await rows.traced(process)(ROW)


def test_a_row_is_one_span_and_each_of_its_requests_one_below_it() -> None:
    """A request that is made again has a span of its own, as the conventions for HTTP clients ask for."""
    bench = Bench()

    bench.observe(_throttled_then_created)

    (row,) = bench.rows
    first, second = bench.below(row)
    assert told(row) == {
        **COMMON,
        "provisioner.row": 3,
        "provisioner.requests": 2,
        "provisioner.create.status": "created",
    }
    assert row.parent is None
    assert row.status.status_code is StatusCode.UNSET
    request = {**OF_CREATE, "url.full": f"{HOST}/v2/WebChats", "provisioner.delay_s": 0.25}
    assert told(first) == {
        **request,
        "http.response.status_code": 429,
        "error.type": "429",
        "provisioner.error_code": "throttled",
        "provisioner.verdict": "not_processed",
    }
    assert told(second) == {
        **request,
        "http.response.status_code": 201,
        "http.request.resend_count": 1,
        "provisioner.verdict": "created",
        "provisioner.twilio_request_id": request_sid(4),
    }
    assert [each.name for each in (first, second)] == 2 * ["POST /v2/WebChats"]
    assert [each.kind for each in (row, first, second)] == [SpanKind.INTERNAL, SpanKind.CLIENT, SpanKind.CLIENT]
    assert [each.status.status_code for each in (first, second)] == [StatusCode.ERROR, StatusCode.UNSET]


def test_spans_have_the_times_that_were_measured() -> None:
    """A row lasts from when it was due, a request from when it was sent, and both until the answer."""
    bench = Bench()

    bench.observe(_throttled_then_created)

    (row,) = bench.rows
    assert times_of(row) == (DUE, DUE + 2.75)
    assert [times_of(each) for each in bench.below(row)] == [(DUE + 0.25, DUE + 0.375), (DUE + 2.25, DUE + 2.75)]


def test_metrics_count_requests_429s_and_outcomes() -> None:
    """Rate, requests in flight, latency and 429s are metrics; a gauge is zero when nothing is sent any more."""
    bench = Bench()

    bench.observe(_throttled_then_created)

    points = bench.points()
    durations = {
        each.attributes["http.response.status_code"]: each for each in points["http.client.request.duration"]
    }
    assert {status: (each.count, each.sum) for status, each in durations.items()} == {
        429: (1, 0.125),
        201: (1, 0.5),
    }
    assert dict(durations[201].attributes) == {**COMMON, **OF_CREATE, "http.response.status_code": 201}
    assert [(each.value, dict(each.attributes)) for each in points["provisioner.request.throttled"]] == [
        (1, {**COMMON, "provisioner.step": "create"})
    ]
    assert [(each.value, dict(each.attributes)) for each in points["provisioner.step.outcomes"]] == [
        (1, {**COMMON, "provisioner.step": "create", "provisioner.status": "created"})
    ]
    assert [(each.count, each.sum) for each in points["provisioner.request.delay"]] == [(2, 0.5)]
    gauges = ("provisioner.request.rate_limit", "provisioner.request.rate", "provisioner.request.in_flight")
    assert [points[name][0].value for name in gauges] == [4.0, 0.0, 0]


def test_the_rate_and_what_is_in_flight_are_sampled() -> None:
    """They are those of the monitor beneath."""
    bench = Bench()
    seen = {}

    async def work(rows: TracedRows) -> None:
        bench.monitor.in_flight = 5
        rows.sample()
        seen.update(bench.points())

    bench.observe(work)

    assert seen["provisioner.request.in_flight"][0].value == 5


def test_the_span_of_a_row_ends_after_what_follows_its_creation() -> None:
    """Settings and first message are requests of the same row; the span says what became of each."""
    bench, refused = Bench(), answer(DUE + 6, verdict=Verdict.REFUSED, http_status=400, error_code="50407")

    async def work(rows: TracedRows) -> None:
        async def process(row: Row) -> None:
            rows.answered(row, CREATED, 1)
            rows.settled(row, Status.CREATED, CREATED)
            rows.settings_answered(row, answer(DUE + 4), 1)
            rows.settings_settled(row, SettingsStatus.SET, answer(DUE + 4))
            rows.message_answered(row, refused, 1)
            rows.message_settled(row.row, row.key, MessageStatus.REJECTED, refused)
            assert not bench.rows

        await rows.traced(process)(ROW)

    bench.observe(work)

    (row,) = bench.rows
    assert told(row) == {
        **COMMON,
        "provisioner.row": 3,
        "provisioner.requests": 3,
        "provisioner.create.status": "created",
        "provisioner.settings.status": "set",
        "provisioner.message.status": "rejected",
        "error.type": "50407",
    }
    assert row.status.status_code is StatusCode.ERROR
    assert [each.name for each in bench.below(row)] == [
        "POST /v2/WebChats",
        "POST /v1/Conversations/REDACTED",
        "POST /v1/Conversations/REDACTED/Messages",
    ]


def test_the_outcome_of_a_row_may_come_to_disk_after_the_next_one_has_begun() -> None:
    """The span waits for the outcome; a row that gets none has a span without it when the run is over."""
    bench, other = Bench(), structs.replace(ROW, id=8, row=4)

    async def work(rows: TracedRows) -> None:
        async def process(row: Row) -> None:
            rows.answered(row, LOST, 1)

        await rows.traced(process)(ROW)
        await rows.traced(process)(other)
        assert not bench.rows
        rows.settled(ROW, Status.UNKNOWN, LOST)
        assert len(bench.rows) == 1

    bench.observe(work)

    assert [told(each)["provisioner.row"] for each in bench.rows] == [3, 4]
    assert [told(each).get("provisioner.create.status") for each in bench.rows] == ["unknown", None]
    assert [told(each).get("error.type") for each in bench.rows] == ["timeout", None]
    (request,) = bench.below(bench.rows[0])
    assert told(request)["error.type"] == "timeout"


def test_a_request_that_was_never_sent_has_no_duration() -> None:
    """Its span lasts from when it was due, and the histogram does not count it."""
    bench = Bench()
    failed = answer(DUE, sent=None, verdict=Verdict.NOT_PROCESSED, http_status=None, error_code="connect_failed")

    async def work(rows: TracedRows) -> None:
        async def process(row: Row) -> None:
            rows.answered(row, failed, 1)
            rows.settled(row, Status.UNSENT, failed)

        await rows.traced(process)(ROW)

    bench.observe(work)

    (row,) = bench.rows
    assert [times_of(each) for each in bench.below(row)] == [(DUE, DUE + 0.75)]
    assert "http.client.request.duration" not in bench.points()
    assert told(row)["error.type"] == "connect_failed"


def test_a_row_that_is_sent_again_in_a_later_round_has_another_span() -> None:
    """Between them it was looked up, which is counted."""
    bench = Bench()
    unknown = UnknownRow(id=7, row=3, key="key-of-Ada", since=DUE, lost_at=DUE + 1)

    async def work(rows: TracedRows) -> None:
        async def lose(row: Row) -> None:
            rows.answered(row, LOST, 1)
            rows.settled(row, Status.UNKNOWN, LOST)

        await rows.traced(lose)(ROW)
        rows.resolved(unknown, Status.PENDING, LOST)
        await _throttled_then_created(rows)

    bench.observe(work)

    first, second = bench.rows
    assert [told(each)["provisioner.create.status"] for each in (first, second)] == ["unknown", "created"]
    assert len({each.context.trace_id for each in (first, second) if each.context}) == 2
    (looked_up,) = bench.points()["provisioner.row.lookups"]
    assert (looked_up.value, dict(looked_up.attributes)) == (1, {**COMMON, "provisioner.status": "pending"})


def test_the_monitor_beneath_is_told_everything_too() -> None:
    """Display, log and summary of a run are the same with telemetry."""
    bench = Bench()

    bench.observe(_throttled_then_created)

    figures = bench.monitor.figures()
    assert (figures.throttled, figures.settled) == (1, {Status.CREATED: 1})
    assert len({id_of(each) for each in bench.rows}) == 1


def test_what_the_libraries_raise_does_not_reach_the_run() -> None:
    """A plug-in of the environment, such as a sampler, may fail for every row; the log says so once."""

    class Failing(SpanProcessor):
        def on_end(self, span: ReadableSpan) -> None:
            raise LookupError(span.name)

    bench = Bench()

    async def work(rows: TracedRows) -> None:
        await _throttled_then_created(rows)
        await _throttled_then_created(rows)

    with capture_logs() as logged:
        bench.observe(work, Failing())

    assert bench.monitor.figures().settled == {Status.CREATED: 2}
    told = [each for each in logged if each["event"].startswith("telemetry.")]  # what lasts of other tests may log
    assert [(each["event"], each["error"]) for each in told] == [("telemetry.failed", "LookupError")]


def test_nothing_of_a_customer_is_in_any_span_or_metric() -> None:
    """Neither the name, nor the identity, nor the key, nor a SID that leads to the customer."""
    bench = Bench()

    bench.observe(_throttled_then_created)

    texts = [span.to_json() for span in bench.spans.get_finished_spans()]
    texts.append(str(bench.points()))
    for hidden in ("Ada", "ada@", "key-of", conversation_sid(1)):
        assert not [text for text in texts if hidden in text]
