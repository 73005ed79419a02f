"""One run that several processes share, with a ledger in a database.

``run_spec`` what a worker has to know of the run, from its options and back · ``worker_loop`` what a worker does ·
``joining`` how it joins · ``coordinator`` what the process does that was typed: it begins the run, places workers
or is one, and waits for the end · ``board`` the figures of all workers.
"""
