"""Planning of a job: from its input files to the rows in the ledger.

``input`` the sources of a job with its mapping, ``mapped_source`` one of them · ``plan`` the plan pass · ``feed``
rebuilds claimed rows from their source · ``forecast`` how many rows a run will send and how long that takes ·
``preview`` where each field comes from.
"""
