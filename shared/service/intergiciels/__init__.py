"""Pure ASGI layers around every application, outermost first: Contexte, Acces, Rempart, Delai, CorpsRecu,
HorlogeSimulee.

They share the scope's keys ``vigie.requete`` (request id) and ``vigie.statut`` (status as counted).
"""
