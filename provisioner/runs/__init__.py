"""One run of a job: everything is opened in order, planned, sent, and every row accounted for.

``config`` what was asked for · ``run`` from the plan to the account · ``rounds`` of sending and looking up ·
``supervisor`` deadline, ``--abort-if`` and dashboard · ``close_timers`` let conversations close by themselves ·
``output_names`` dates in the names of files · ``run_end`` exit code and advice.
"""
