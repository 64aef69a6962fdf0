"""Telling the caisses, and the national coordination: e-mail, webhook, inbox.

``publication.publier_notification(conn, …)`` writes what is to be sent in the caller's transaction; the *facteur* sends
it, as many times as it takes.
"""
