"""The report of a job as one HTML page, of several as a comparison, and the same page live.

``timeline`` a job second by second · ``job_data`` a ledger's figures · ``charts`` them as SVG · ``markup`` as HTML
· ``sections`` the parts of the page · ``page`` the whole.
"""
