"""The command ``provisioner simulate``: run a simulated Twilio on this machine."""

import asyncio
import errno
import math
import time
from collections.abc import Mapping
from typing import Any, Literal, cast

from provisioner.errors import UsageError
from provisioner.models.summary import Summary
from provisioner.options import SimulateOptions, parse_milliseconds
from provisioner.signals import StopSignals
from provisioner.simulator import (
    FaultScript,
    RunningSimulator,
    SimulatorSettings,
    is_loopback,
    load_faults,
    open_simulator,
    parse_fault,
)
from provisioner.system.os_errors import bind_reason
from provisioner.system.regular_files import read_regular

from .console import Console
from .event_loop import run_with_loop
from .options import command
from .process_signals import ProcessSignals

ACCOUNT_SID = "AC" + 32 * "0"
ADDRESS_SID = "IG" + 32 * "0"


@command(
    SimulateOptions,
    common=("port", "rate_limit", "latency", "jitter", "fault", "faults", "seed", "lookup_lag", "inspect", "json"),
    examples=(
        ("Twilio as its documentation says", "provisioner simulate"),
        (
            "A slow one that resets one connection in a hundred after creating",
            "provisioner simulate --latency 300ms --fault reset_after_create=1",
        ),
        ("Count and show what is sent to it", "provisioner simulate --port 4010 --inspect"),
    ),
)
def simulate(options: SimulateOptions, console: Console) -> Summary:
    """Run a simulated Twilio on this machine, with scripted faults.

    It answers as Twilio's documentation says, keeps what was created in memory, and needs no account. A stop
    signal is its normal end: it prints its counts and exits with 0.
    """
    settings = settings_of(options)
    if not (options.allow_remote or is_loopback(options.host)):
        raise UsageError(
            f"--host {options.host!r} would let other machines in", cure="omit it, or add --allow-remote"
        )
    began = time.monotonic()
    counted = run_with_loop("asyncio", _serve(settings, options, console, ProcessSignals()))
    _tell_counts(counted, console)
    return Summary(command="simulate", elapsed_s=time.monotonic() - began, details={"simulator": counted})


def settings_of(options: SimulateOptions) -> SimulatorSettings:
    """Return the simulator's settings for ``options``; raise ``UsageError`` for options that are invalid."""
    try:
        return SimulatorSettings(
            rate_limit=options.rate_limit,
            latency_ms=parse_milliseconds(options.latency, "--latency"),
            jitter_ms=parse_milliseconds(options.jitter, "--jitter"),
            lookup_lag_s=parse_milliseconds(options.lookup_lag, "--lookup-lag") / 1000,
            concurrency_limit=options.concurrency_limit,
            ignore_identity=options.ignore_identity,
            refuse_identity=options.refuse_identity,
            repeated_identity=cast("Literal['accept', 'refuse', 'same']", options.repeated_identity),
            default_service=cast("Literal['flex', 'other']", options.default_service),
            service_sid=options.service_sid,
            inspect=options.inspect,
            faults=_faults(options),
            seed=options.seed,
        )
    except ValueError as error:
        raise UsageError(str(error), cure="see 'provisioner simulate --help'") from error


def _faults(options: SimulateOptions) -> FaultScript:
    script = load_faults(options.faults, read_regular) if options.faults else FaultScript()
    rules = (parse_fault(text) for text in options.fault)
    return FaultScript((*script.rules, *rules), script.seed)


async def _serve(
    settings: SimulatorSettings, options: SimulateOptions, console: Console, signals: StopSignals
) -> dict[str, Any]:
    stop = asyncio.Event()
    with signals.active(drain_s=math.inf):
        signals.on_stop(stop.set)
        try:
            async with open_simulator(settings, host=options.host, port=options.port) as running:
                _warn(running, options, console)
                _announce(running, options, console)
                await stop.wait()
        except (OSError, UnicodeError) as error:
            raise _refused(error, options) from error
    return running.state.summary()


def _warn(running: RunningSimulator, options: SimulateOptions, console: Console) -> None:
    if not is_loopback(options.host):
        read = ", and read everything that is sent to it" if options.inspect else ""
        console.print_warning(
            f"warning: whoever reaches {running.base_url} can use this simulator{read}; nothing is encrypted"
        )


def _announce(running: RunningSimulator, options: SimulateOptions, console: Console) -> None:
    tell = console.print_status if console.is_json else console.print
    pages = f"counting at {running.base_url}/_simulator/state; " if options.inspect else ""
    announce = console.print_address if console.is_json else console.print
    announce(f"listening on {running.base_url}, {pages}Ctrl-C ends it")
    if options.default_service == "other":
        tell(f"the default service has no WebChats: they are below /v1/Services/{options.service_sid}")
    tell("try in another terminal:")
    tell(f"  export TWILIO_ACCOUNT_SID={ACCOUNT_SID} TWILIO_AUTH_TOKEN=simulated")
    tell(f"  export PROVISIONER_ADDRESS_SID={ADDRESS_SID}")
    tell(f"  provisioner run customers.csv -o results.csv --base-url {running.base_url}")


def _refused(error: OSError | UnicodeError, options: SimulateOptions) -> UsageError:
    place = f"port {options.port} of {options.host}"
    if isinstance(error, OSError) and error.errno == errno.EADDRINUSE:
        return UsageError(f"{place} is in use", cure="name another --port; 0 takes a free one")
    reason = bind_reason(error) if isinstance(error, OSError) else "that is not the name of a host"
    return UsageError(f"{place} is not available: {reason}", cure="name another --host or --port")


def _tell_counts(counted: Mapping[str, Any], console: Console) -> None:
    webchats = counted["webchats"]
    console.print(
        f"created {webchats['created']:,} of {webchats['requests']:,} WebChats asked for, "
        f"{counted['throttled']:,} answers were 429, at most {webchats['worst_second']:,} in one second"
    )
    for name, number in counted["faults"].items():
        console.print(f"fault {name}: {number:,}")
