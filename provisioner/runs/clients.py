"""Twilio clients of a run, which share one open transport."""

from dataclasses import dataclass

from provisioner.http_client.transport import Transport
from provisioner.options import Rate
from provisioner.pacing import Pacer
from provisioner.reconciling import LOOK_UPS_PER_SECOND, FinderChoice, choose_finder
from provisioner.rows import IdentityPolicy
from provisioner.sending import TwilioCalls
from provisioner.twilio.closing import ClosingClient
from provisioner.twilio.messages import MessageClient
from provisioner.twilio.webchats import WebChatClient

from .close_timers import TwilioCloseTimers
from .send_schedule import SendSchedule


@dataclass(frozen=True, slots=True, kw_only=True)
class RunClients:
    """Twilio clients of a run. ``timers`` is None when conversations get no close timer."""

    calls: TwilioCalls
    messenger: MessageClient
    timers: TwilioCloseTimers | None
    transport: Transport
    identity_policy: IdentityPolicy

    @classmethod
    def over(
        cls,
        transport: Transport,
        pacer: Pacer,
        schedule: SendSchedule,
        identity_policy: IdentityPolicy,
        *,
        close_after_s: float | None,
    ) -> "RunClients":
        """Create the clients over an open ``transport``.

        ``pacer`` limits the rate of WebChats; ``schedule`` gives the rate of messages and timers.
        ``close_after_s`` is the time of the close timers in seconds, None for no timers.
        """
        timers = (
            TwilioCloseTimers(ClosingClient(transport), Pacer(schedule.message_rate), close_after_s)
            if close_after_s
            else None
        )
        messenger = MessageClient(transport, Pacer(Rate(per_second=LOOK_UPS_PER_SECOND)))
        calls = TwilioCalls(
            creator=WebChatClient(transport),
            messenger=messenger,
            pace=pacer,
            message_pace=schedule.message_pacer(),
            timers=timers,
        )
        return cls(
            calls=calls,
            messenger=messenger,
            timers=timers,
            transport=transport,
            identity_policy=identity_policy,
        )

    def choose_finder(self, *, trusts_identities: bool) -> FinderChoice:
        """Choose the method for looking up unknown rows.

        ``trusts_identities`` says that every identity in Twilio's replies was the requested one.
        """
        return choose_finder(
            self.transport,
            self.identity_policy,
            rate=Rate(per_second=LOOK_UPS_PER_SECOND),
            trusts_identities=trusts_identities,
        )
