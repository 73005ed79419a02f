"""Settings of all tests: Hypothesis has no time limit for an example, and SIGINT interrupts."""

import signal

from hypothesis import HealthCheck, settings

# Based on the active profile, because Hypothesis selects another profile in CI.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")

# A shell starts its background jobs with SIGINT ignored, which the programs under test would inherit.
signal.signal(signal.SIGINT, signal.default_int_handler)
