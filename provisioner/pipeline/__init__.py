"""The composition root of ``run``: opens everything in order, plans, sends, and accounts for every row.

``order`` what was asked for · ``execution`` from the plan to the account · ``rounds`` of sending and looking up ·
``timers`` that close conversations.
"""

from .execution import run_job

__all__ = ["run_job"]
