"""From input files to planned rows.

``input`` sources and mapping of a job · ``plan`` the plan pass · ``feed`` rebuilds claimed rows from their source
· ``forecast`` what a run will do and how long it takes.
"""
