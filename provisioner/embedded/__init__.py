"""Embedded PostgreSQL server: programs from a wheel, data in a folder, stopped when no process uses it any more.

``folders`` recognises a server's folder · ``server`` starts its server or joins the one that runs · ``programs``
finds PostgreSQL's programs · ``server_process`` is the process between this program and the server.
"""
