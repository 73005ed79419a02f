"""Engines: they start the workers of a shared run, and replace those that die.

``choice`` the engine that the options name · ``local_engine`` processes of this machine · ``dask_engine`` tasks of
a Dask cluster, whose work is in ``dask_task`` · ``keeper`` the loop of both · ``replacement`` when a worker is
replaced · ``worker_process`` one worker as a process · ``tied_process`` the program of a worker that ends with the
process that started it.
"""
