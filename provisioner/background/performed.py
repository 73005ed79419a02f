"""One call of a command, performed; what it needs is imported then, as the command line has no use for it."""

from collections.abc import Mapping

from provisioner.models.summary import Summary

from .arguments import Environ, OnProgress, PathNames, StopEvent


def perform_call(  # noqa: PLR0917 - in the order of the functions of the API
    command: str,
    paths: PathNames,
    given: Mapping[str, object],
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
) -> Summary:
    """Perform a command while this thread waits; ``given`` are its options as keywords. See ``call.Call``."""
    from .call import Call  # noqa: PLC0415 - the command line has no use for it

    return Call.read(command, paths, given, environ).perform(on_progress, stop)


async def perform_call_async(  # noqa: PLR0917 - the same
    command: str,
    paths: PathNames,
    given: Mapping[str, object],
    environ: Environ = None,
    on_progress: OnProgress | None = None,
    stop: StopEvent | None = None,
) -> Summary:
    """Perform a command while the caller's task waits; see ``perform_call``."""
    from .call import Call  # noqa: PLC0415 - the same

    return await Call.read(command, paths, given, environ).perform_async(on_progress, stop)
