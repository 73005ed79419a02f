"""The real program with one function that fails: ``python -m tests.acceptance.faulty_program PLACE ARGUMENT...``.

``PLACE`` is ``module:name`` or ``module:Class.name``. The function raises an exception whose texts all contain a
customer's row. Before that it puts the row into everything else that Python reports by itself: a warning,
exceptions in a thread, in ``__del__``, in a callback and a task of the event loop, and a message of Python's
``logging``.
"""

import asyncio
import gc
import inspect
import logging
import sys
import threading
import warnings
from collections.abc import Callable
from importlib import import_module
from typing import Any, NoReturn

NAME, DATA = "Ada Lovelace-Test", "ada.lovelace@invented.example"
ROW = f"customer_friendly_name={NAME}, pre_engagement_data={{'mail': '{DATA}'}}"


class _Unlucky:
    """Object whose repr is a row; it raises an exception with the row when it is called or garbage-collected."""

    def __repr__(self) -> str:
        return ROW

    def __call__(self) -> None:
        raise ValueError(ROW)

    def __del__(self) -> None:
        warnings.warn(ROW, UserWarning, stacklevel=2)
        raise ValueError(ROW)


def _error() -> BaseException:
    """Return a group of exceptions with notes, causes and contexts that all contain the row; some form cycles."""
    cause, context, own = OSError(24, ROW), KeyError(ROW), ValueError(ROW, {"row": ROW})
    own.__cause__ = own.__context__ = own
    cause.__context__ = context
    inner = ExceptionGroup(ROW, [own, cause])
    group = ExceptionGroup(ROW, [inner, RuntimeError(ROW)])
    group.__cause__ = context.__context__ = group
    for error in (cause, context, own, inner, group):
        error.add_note(ROW)
    return group


def _fail() -> NoReturn:
    raise _error()


async def _fail_alone() -> None:
    _fail()


def _let_out() -> None:
    """Report the row in every way that does not raise an exception in the caller."""
    warnings.warn(ROW, UserWarning, stacklevel=2)
    warnings.warn(ROW, ResourceWarning, stacklevel=2)
    _Unlucky()
    thread = threading.Thread(target=_fail)
    thread.start()
    thread.join()
    logging.getLogger("library").error(ROW, exc_info=_error())
    logging.getLogger("library").error("a request of %s failed", ROW, exc_info=_error())


def _let_out_on(loop: asyncio.AbstractEventLoop) -> None:
    loop.call_soon(_Unlucky())
    loop.call_soon(_fail)
    loop.create_task(_fail_alone(), name=ROW)
    loop.create_future().set_exception(ValueError(ROW))


def _failing(function: Callable[..., Any]) -> Callable[..., Any]:
    def fail(*_arguments: Any, **_named: Any) -> NoReturn:
        _let_out()
        _fail()

    async def fail_later(*_arguments: Any, **_named: Any) -> NoReturn:
        _let_out()
        _let_out_on(asyncio.get_running_loop())
        for _ in range(3):
            await asyncio.sleep(0)
        gc.collect()
        _fail()

    return fail_later if inspect.iscoroutinefunction(function) else fail


def _break(place: str) -> None:
    module, _, path = place.partition(":")
    *owners, name = path.split(".")
    owner: Any = import_module(module)
    for each in owners:
        owner = getattr(owner, each)
    setattr(owner, name, _failing(getattr(owner, name)))


if __name__ == "__main__":
    left = _Unlucky()  # garbage-collected when the interpreter shuts down
    _, place, *sys.argv[1:] = sys.argv
    _break(place)
    from provisioner.cli.main import main

    sys.exit(main())
