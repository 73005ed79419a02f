"""Settings of all tests: Hypothesis has no time limit for an example."""

from hypothesis import HealthCheck, settings

# Based on the active profile, because Hypothesis selects another profile in CI.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
