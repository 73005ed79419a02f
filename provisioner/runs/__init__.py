"""One run of a job: it opens input and ledger, plans, sends, and accounts for every row.

``run`` opens the job and executes the steps ``plan_step``, ``send_step`` and ``account_step`` · ``config`` the
options of a run, checked, with one part for each step: ``job_setup`` what sends, ``job_config``,
``row_selection``, ``send_schedule``, ``confirmation`` · ``run_kind`` what tells ``run`` from ``load`` ·
``open_job`` the open input and ledger · ``clients`` the Twilio clients · ``rounds`` sending and reconciling in
turn · ``look_ups`` the look-ups of unknown rows · ``sending_context`` what both need, which ``open_sending``
opens · ``shared`` a run that several processes share · ``work_stop`` stops the current work · ``supervisor``
``--max-duration`` and ``--abort-if`` · ``run_watch`` the state of the run, for ``live_page`` (the dashboard, with
``run_controls``) and ``metrics_file`` · ``close_timers`` timers that close conversations · ``output_names`` date
and time in file names · ``command_files`` and ``file_roles`` the files that a command uses · ``run_end`` exit code
and advice · ``job_commands`` the commands that go on.
"""
