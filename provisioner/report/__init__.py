"""HTML pages about jobs: a report of one job, a comparison of several, and a live dashboard of a run.

``job_data`` reads the figures of a ledger · ``timeline`` groups requests by time · ``charts`` draws SVG ·
``markup`` writes HTML · ``sections`` makes the parts of a report · ``page`` makes the whole document.
"""
