"""Clients of Twilio's REST API; each call makes one attempt and classifies its reply.

``client`` opens the transport of an account · ``webchats``, ``messages``, ``conversations`` and ``closing`` make
the calls · ``paging`` follows lists over all pages · ``results`` builds results from replies · ``errors`` says
what a reply means · ``account`` finds credentials and hosts.
"""
