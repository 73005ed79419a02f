"""Load tests: when rows arrive, what is measured, and what counts as failed. Pure, and knows nothing of HTTP.

``durations`` · ``arrivals`` when rows are due · ``figures`` percentiles and rates · ``thresholds`` what fails a
test.
"""
