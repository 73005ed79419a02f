"""Monitoring of a run: counts events, measures the rate, and writes log events. It makes no decisions.

``run_monitor`` the monitor of a run · ``message_counts`` its counters of messages · ``settings_counts`` those of
settings · ``log_events`` the log's events about answers and messages · ``rate_meter`` the rate of starts ·
``open_limit_status`` the state of ``--max-open`` · ``figures`` the result of a run in numbers ·
``shared_figures`` those of all workers · ``accounts_monitor`` those of all accounts · ``joint_pace`` the pace of
several pacers · ``close_monitor`` that of ``close`` · ``run_status`` the state of a run at one moment, for the
live page and the metrics · ``request_durations`` a histogram of how long requests take · ``run_metrics`` the
status of a run as metric families.
"""

from .figures import NO_FIGURES, RunFigures
from .rate_meter import SPAN_S, PacerStatus, RateMeter
from .run_monitor import RunMonitor

__all__ = ["NO_FIGURES", "SPAN_S", "PacerStatus", "RateMeter", "RunFigures", "RunMonitor"]
