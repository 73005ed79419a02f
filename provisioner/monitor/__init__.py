"""Watches a run: counts what happens, knows the speed, and tells the log. Decides nothing.

``rate_meter`` of starting · ``message_counts`` first messages · ``run_monitor`` the whole · ``figures`` what it
came to · ``close_monitor`` the same for ``close``.
"""

from .figures import NO_FIGURES, RunFigures
from .rate_meter import SPAN_S, PacerStatus, RateMeter
from .run_monitor import RunMonitor

__all__ = ["NO_FIGURES", "SPAN_S", "PacerStatus", "RateMeter", "RunFigures", "RunMonitor"]
