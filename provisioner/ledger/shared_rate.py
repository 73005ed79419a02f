"""Protocols by which all workers and jobs of a database keep one rate for an account.

A rate of N starts a second is N *shares*. Whoever holds a share may start one request with it, and the next one a
whole second later. So no second has more than N starts, whoever makes them, however late a start is, and whatever
a clock says. A worker that has requests waiting asks for shares, gives up those that it does not use, and loses
all when it does not renew them. A *member* is the rate limiter of one worker.
"""

from collections.abc import Callable
from typing import Protocol

import msgspec


class AccountRate(msgspec.Struct, frozen=True):
    """What the database knows of an account's rate at its own time ``now``; all times are Unix seconds.

    ``state`` is a text that members understand, and ``since`` a time in it. Nothing may start before
    ``paused_until``. ``epoch`` counts the changes of ``state``.
    """

    now: float
    epoch: int
    state: str
    since: float | None
    paused_until: float


class ShareRequest(msgspec.Struct, frozen=True, kw_only=True):
    """What a member asks for when it renews its shares.

    ``asked`` is its own rate per second, ``total`` the number of all shares at the rate that it knows from
    ``epoch``, ``state`` the first state of an account that has none. It keeps ``held`` shares, and gives one up
    for each of ``ages``: the seconds since its last use. ``is_waiting`` says that it could use more.
    """

    epoch: int
    state: str
    asked: float
    total: int
    held: int
    ages: tuple[float, ...]
    is_waiting: bool


class ShareGrant(msgspec.Struct, frozen=True, kw_only=True):
    """Answer to a ``ShareRequest``.

    ``asked`` is the lowest rate of all members, and ``total`` the number of all shares. The member still has
    ``kept`` shares, and gets one more for each of ``last_uses``: the time of the share's last use by anybody, by
    the clock of ``account.now``. It is to give up ``release`` shares, because others have fewer.
    """

    account: AccountRate
    asked: float
    total: int
    kept: int
    last_uses: tuple[float, ...]
    release: int


class RateChange(msgspec.Struct, frozen=True, kw_only=True):
    """New state of an account's rate, in place of that of ``epoch``; times are seconds from now."""

    epoch: int
    state: str
    since_s: float | None
    pause_s: float


class RateMember(Protocol):
    """Rate limiter of one worker. Its methods return at once."""

    def request(self, term_s: float) -> ShareRequest:
        """Return what to ask the database for now; the shares are lost ``term_s`` seconds from now."""
        ...

    def take_change(self) -> RateChange | None:
        """Return a change to tell the others, once; None without one."""
        ...

    def on_grant(self, grant: ShareGrant) -> None:
        """Use the answer to the last request, which has arrived just now."""
        ...

    def on_account(self, account: AccountRate) -> None:
        """Use what the database knows of the account, which has arrived just now."""
        ...


class SharedRate(Protocol):
    """Rate of one account that the workers and jobs of a database share."""

    def join(self, member: RateMember) -> Callable[[], None]:
        """Renew the shares of a member from now on; return a function that renews them at once."""
        ...


class SharedRates(Protocol):
    """Shared rates of all accounts in a database."""

    def rate_of(self, account: str) -> SharedRate:
        """Return the rate of creating WebChats in an account, by its SID."""
        ...
