"""The figures of a load test, as a person reads them."""

from provisioner.cli.load_text import load_lines
from provisioner.load import collect_metrics
from provisioner.models import AttemptRecord


def test_every_figure_of_a_test_is_told() -> None:
    """The rate, each step with both latencies and its codes, what travelled, and what came of each condition."""
    create = collect_metrics(
        [
            AttemptRecord(1, 1, "created", 10.0, 10.25, 11.5, 201, ""),
            AttemptRecord(2, 1, "not_processed", 10.5, 10.5, 10.6, 429, "45780"),
            AttemptRecord(3, 1, "maybe", 10.5, 10.5, 10.6, None, ""),
        ]
    )
    message = collect_metrics([AttemptRecord(1, 1, "refused", 12.0, 12.0, 12.1, 400, "20001")])

    lines = load_lines(
        {
            "offered": 1234,
            "achieved": 0.5,
            "steps": {"create": create.summary(), "message": message.summary()},
            "most_in_flight": 3,
            "bytes_sent": 12345,
            "bytes_received": 678,
            "thresholds": [
                {"passed": True, "text": "a (1 s)"},
                {"passed": False, "text": "b (2 s)"},
                {"passed": None, "text": "c not measured (3 s)"},
            ],
        }
    )

    due, sent = "1.50 s", "1.25 s"
    names = ("mean", "p50", "p90", "p95", "p99", "p999", "max")
    assert list(lines) == [
        "offered 1,234 rows, achieved 50.00 % of the rate",
        "create: 1 of 3 rows, 3 requests, 1 late, 1 answers 429",
        f"  from due:  {'  '.join(f'{name} {due}' for name in names)}",
        f"  from sent: {'  '.join(f'{name} {sent}' for name in names)}",
        "  no code: 1",
        "  45780: 1",
        "message: 0 of 1 rows, 1 requests, 0 late, 0 answers 429",
        f"  from due:  {'  '.join(f'{name} -' for name in names)}",
        f"  from sent: {'  '.join(f'{name} -' for name in names)}",
        "  20001: 1",
        "most in flight 3, 12,345 bytes sent, 678 received",
        "ok  a (1 s)",
        "FAILED  b (2 s)",
        "-  c not measured (3 s)",
    ]


def test_a_test_that_was_stopped_has_no_rate() -> None:
    """What was offered is told; what would have been achieved is not made up."""
    details: dict[str, object] = {"offered": 10, "achieved": None, "steps": {}, "thresholds": []}

    assert list(load_lines(details)) == ["offered 10 rows"]
