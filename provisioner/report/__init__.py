"""HTML pages about jobs: a report of one job, a comparison of several, the trend of a schedule, a live page.

``job_data`` reads the figures of a ledger · ``timeline`` groups requests by time · ``clock`` and ``axes`` make
round labels · ``charts`` draws SVG · ``markup`` writes HTML · ``verdict`` says what a job came to · ``overview``,
``sections`` and ``detail_sections`` make the parts of a report · ``comparison`` and ``spread`` compare jobs ·
``trend`` and ``trend_page`` show the runs of a schedule · ``page`` makes the whole document · ``dashboard`` serves
the live page, which ``live`` draws with the first line of ``live_verdict`` · ``controls`` has what the page may do
to the run.
"""
