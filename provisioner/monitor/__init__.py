"""Watches a run: counts what happens, knows the speed, and tells the log. Decides nothing.

``speed`` of starting · ``posts`` first messages · ``run_monitor`` the whole.
"""

from .run_monitor import RunMonitor
from .speed import SPAN_S, PacerStatus, RateMeter

__all__ = ["SPAN_S", "PacerStatus", "RateMeter", "RunMonitor"]
