"""One run of a job: everything is opened in order, planned, sent, and every row accounted for.

``run`` opens the job and takes its three steps: ``plan_step``, ``send_step``, ``account_step`` · ``config`` what
was asked for, a part for each step, of ``job_config``, ``row_selection``, ``send_schedule`` and ``confirmation`` ·
``clients`` and ``rounds`` of sending and looking up · ``work_stop`` stops what is under way · ``supervisor``
deadline and ``--abort-if`` · ``live_page`` the dashboard · ``close_timers`` close conversations · ``output_names``
dates in the names of files · ``command_files`` and ``file_roles`` which files a command uses · ``run_end`` exit
code and advice.
"""
