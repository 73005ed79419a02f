"""The check of the Conversations service for a job, with what it needs to ask Twilio and the ledger."""

from provisioner.http_client.transport import Transport
from provisioner.ledger import Ledger
from provisioner.options import Rate
from provisioner.pacing import Pacer, Reachability
from provisioner.ports.sending import ServiceCheck
from provisioner.reconciling import LOOK_UPS_PER_SECOND, JobServiceCheck
from provisioner.target import Target
from provisioner.twilio.conversations import ConversationClient


def service_check_of(
    target: Target, transport: Transport, ledger: Ledger, reachability: Reachability
) -> ServiceCheck | None:
    """Return the check for the job of ``ledger``.

    None for a simulator inside this process, which has no conversation of an earlier process.
    """
    if target.is_simulated:
        return None
    host = reachability.host_of(transport.url("conversations", "v1"))
    client = ConversationClient(transport, Pacer(Rate(per_second=LOOK_UPS_PER_SECOND), host=host))
    close_ledger = ledger.closing(deletes=False, service_sid=target.service_sid)
    return JobServiceCheck(client, close_ledger, service_sid=target.service_sid)
