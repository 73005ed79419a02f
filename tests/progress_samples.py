"""Progress of a run as tests of the display show it."""

from provisioner.models.progress import Progress

HALF = Progress(
    total=2_000,
    done=1_000,
    created=900,
    rejected=100,
    in_flight=8,
    throttled=2,
    rate_now=3.96,
    rate_asked=4.0,
    elapsed_s=252.5,
    eta_s=250.0,
)
"""A run that is half done, at 4/s."""
