"""Twilio clients of a run, which share one open transport."""

import msgspec
from msgspec import structs

from provisioner.http_client.transport import Transport
from provisioner.ledger import SharedRate
from provisioner.options import Rate
from provisioner.pacing import HostReachability, Pacer, Reachability
from provisioner.ports.sending import HistoryLoader, RowLoader, ServiceCheck
from provisioner.reconciling import LOOK_UPS_PER_SECOND, FinderChoice, UniqueNames, choose_finder
from provisioner.rows import IdentityPolicy
from provisioner.sending import HistoryCalls, SettingsCalls, TwilioCalls
from provisioner.twilio.conversations import ConversationClient
from provisioner.twilio.messages import MessageClient
from provisioner.twilio.settings import SettingsClient
from provisioner.twilio.webchats import WebChatClient

from .send_schedule import SendSchedule


class RunClients(msgspec.Struct, frozen=True, kw_only=True):
    """Twilio clients of a run.

    ``pacer`` is that of WebChats. ``host`` is the host of conversations, None when a failed connection counts as
    an attempt.
    """

    calls: TwilioCalls
    pacer: Pacer
    transport: Transport
    identity_policy: IdentityPolicy
    host: HostReachability | None

    @classmethod
    def over(
        cls,
        transport: Transport,
        schedule: SendSchedule,
        identity_policy: IdentityPolicy,
        *,
        lone: int,
        reachability: Reachability,
        service_check: ServiceCheck | None = None,
        shared_rate: SharedRate | None = None,
    ) -> "RunClients":
        """Create the clients over an open ``transport``.

        ``schedule`` gives the rates; the first ``lone`` rows (the canary) are sent one after the other.
        Without ``service_check``, every conversation that is answered with 404 is gone. With ``shared_rate``, all
        workers and jobs that share it create WebChats at one rate.
        """
        flex = reachability.host_of(transport.url("flex-api", "v2"))
        pacer = schedule.pacer(lone=lone, host=flex, shared_rate=shared_rate)
        host = reachability.host_of(transport.url("conversations", "v1"))
        reads = Pacer(Rate(per_second=LOOK_UPS_PER_SECOND), host=host)
        settings = SettingsCalls(
            updater=SettingsClient(transport, reads),
            pace=Pacer(schedule.message_rate, host=host),
            service_check=service_check,
        )
        calls = TwilioCalls(
            creator=WebChatClient(transport),
            messenger=MessageClient(transport, reads),
            pace=pacer,
            message_pace=schedule.message_pacer(host),
            settings=settings,
            service_check=service_check,
        )
        return cls(calls=calls, pacer=pacer, transport=transport, identity_policy=identity_policy, host=host)

    def with_history(self, loader: HistoryLoader | None) -> "RunClients":
        """Return the same clients with the messages of old chats that ``loader`` loads; None: rows have none."""
        if loader is None:
            return self
        reads = Pacer(Rate(per_second=LOOK_UPS_PER_SECOND), host=self.host)
        history = HistoryCalls(MessageClient(self.transport, reads), loader)
        return structs.replace(self, calls=structs.replace(self.calls, history=history))

    def unique_names(self, row_loader: RowLoader) -> UniqueNames:
        """Return the look-up of rows by the unique names that ``row_loader`` reads from the input."""
        pace = Pacer(Rate(per_second=LOOK_UPS_PER_SECOND), host=self.host)
        return UniqueNames(ConversationClient(self.transport, pace), self.identity_policy, row_loader)

    def choose_finder(self, *, trusts_identities: bool) -> FinderChoice:
        """Choose the method for looking up unknown rows.

        ``trusts_identities`` says that every identity in Twilio's replies was the requested one.
        """
        return choose_finder(
            self.transport,
            self.identity_policy,
            rate=Rate(per_second=LOOK_UPS_PER_SECOND),
            trusts_identities=trusts_identities,
            host=self.host,
        )
