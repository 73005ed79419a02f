"""Meaning of an exit code in words, for a run that has ended."""

from collections.abc import Mapping

_MEANINGS: Mapping[int, str] = {
    0: "finished, every row is created or there was nothing to do",
    1: "an internal error ended it",
    2: "the command, its configuration or a file stopped it",
    3: "nothing was sent, because the input has invalid rows and --strict was given",
    4: "finished, and a person has to fix rejected or invalid rows",
    5: "finished, and some rows or messages are unknown",
    6: "a safety limit or a disk error stopped it",
    7: "rows are left unsent, and the same command will help",
    8: "it stopped as planned, and rows wait",
    75: "another run held the ledger",
    99: "the load test failed by a condition of its own",
    130: "SIGINT (Ctrl-C) stopped it",
    143: "SIGTERM or SIGHUP stopped it",
}
_OF_CLOSE: Mapping[int, str] = {
    0: "every conversation that the job is known to have made is done",
    4: "some conversations were refused or not sent",
    5: "some conversations are in doubt, or rows are unknown",
}


def exit_meaning(exit_code: int, command: str = "") -> str:
    """Return what a run of ``command`` that ended with ``exit_code`` came to, as a clause."""
    found = _OF_CLOSE.get(exit_code) if command == "close" else None
    return found or _MEANINGS.get(exit_code, "this version does not know that code")
