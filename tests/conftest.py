"""What holds for every test: no example of a property is judged by how long it took."""

from hypothesis import HealthCheck, settings

# Added to what is in force: in CI hypothesis chooses a profile of its own.
settings.register_profile("unhurried", settings(), deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("unhurried")
