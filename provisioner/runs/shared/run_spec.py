"""What a worker has to know of a run: made from the options of ``run``, and read back by ``worker``."""

import json
import os
from collections.abc import Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any

from provisioner.errors import UsageError
from provisioner.ledger.sharing import RunSpec
from provisioner.options import (
    DashboardOptions,
    DetailOptions,
    OnEndOptions,
    OutputFormatOptions,
    ResultsOptions,
    RunOptions,
    SharingOptions,
    TelemetryOptions,
    parse_lease,
)
from provisioner.options.keyword_values import options_from_keywords
from provisioner.sources import STDIN, is_remote
from provisioner.system.addresses import is_masked, masked_address
from provisioner.target import Target

_GROUPS = (
    ResultsOptions,
    DashboardOptions,
    DetailOptions,
    OnEndOptions,
    OutputFormatOptions,
    SharingOptions,
    TelemetryOptions,
)
_OF_THE_COORDINATOR = {
    *(field.name for group in _GROUPS for field in fields(group)),
    *("ledger", "new_job", "rebuild_from", "replace_input", "max_duration", "strict", "yes"),
}
"""Options of ``run`` that only the process needs that was typed: it plans, asks, shows and writes the results."""
_SHARD_S = 0.25
"""Seconds of the run's rate that a shard lasts."""
_FEWEST_ROWS, _MOST_ROWS = 2, 512
"""Bounds of the rows of a shard: taking one costs the database as much as some 50 rows, besides its own."""

_FILES = {"history", "accounts"}
"""Options that name a file and are texts, because it may be at an address."""


def run_spec(
    files: Sequence[str], options: RunOptions, target: Target, *, slowest: float, history: str = ""
) -> RunSpec:
    """Return what the workers of a run over ``files`` have to know; see ``RunSpec``.

    Paths are absolute in it, and addresses without their secrets. ``target`` is that of the run, with its
    simulator started, ``slowest`` the lowest rate of its accounts in starts per second, and ``history`` the digest
    of what the file of ``--history`` says.
    """
    return RunSpec(
        files=tuple(_absolute(name) for name in files),
        options=json.dumps(dict(_told(options))),
        account_sid="" if target.is_simulated or options.accounts else target.account.account_sid,
        lease_s=parse_lease(options.lease),
        request_s=options.timeout,
        canary=options.canary,
        shard_rows=_shard_rows(slowest),
        simulator=target.simulator,
        history=history,
    )


def _shard_rows(rate: float) -> int:
    """Return the most rows of a shard, by the rate of the run in starts per second.

    Another worker finishes its own shard before it takes those of a lost one, so that a slow run has small shards.
    """
    return round(min(max(rate * _SHARD_S, _FEWEST_ROWS), _MOST_ROWS))


def options_of(spec: RunSpec, *, profile: str = "", proxy: str = "") -> RunOptions:
    """Return the options of ``run`` that a worker of this run has; ``profile`` and ``proxy`` replace the run's.

    Raise ``UsageError`` for options that this version of the program does not have.
    """
    given = json.loads(spec.options)
    own = {name: value for name, value in (("profile", profile), ("proxy", proxy)) if value}
    return options_from_keywords(RunOptions, "run", {**given, **own}, {})


def require_shared_files(files: Sequence[str]) -> None:
    """Raise ``UsageError`` for an input that a worker in another process cannot open."""
    if any(name == STDIN for name in files):
        raise UsageError(
            "several workers cannot read the same stdin",
            cure="name a file that every worker can read at that name",
        )
    if secret := next((name for name in map(masked_address, files) if is_masked(name)), ""):
        raise UsageError(
            f"{secret}: the address of the input holds a secret, which the ledger does not keep",
            cure="give every worker access in another way, such as the variables of the storage's own client",
        )


def _told(options: RunOptions) -> Any:
    """Yield the name and the value of each option that differs from its default and matters to a worker."""
    for field in fields(options):
        value = getattr(options, field.name)
        if field.name in _OF_THE_COORDINATOR or value == field.default:
            continue
        yield field.name, _absolute(str(value)) if isinstance(value, Path) or field.name in _FILES else value


def _absolute(name: str) -> str:
    """Return the name of a file as an absolute path; an address as it is, with its secrets masked."""
    return masked_address(name) if is_remote(name) or name == STDIN else os.path.abspath(name)  # noqa: PTH100 - globs
