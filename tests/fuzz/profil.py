"""One bounded, reproducible profile for the property-based tests: the same examples on every run and machine."""

from __future__ import annotations

from hypothesis import HealthCheck, settings


def borne(exemples: int) -> settings:
    """Settings of a property: so many examples, always the same ones, no clock, nothing kept on disk."""
    return settings(
        max_examples=exemples,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture, HealthCheck.data_too_large],
    )
