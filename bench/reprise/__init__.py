"""The restore and disaster drills: ``make restauration``, ``python -m bench.reprise``.

``site`` a whole site as ``vigie up`` runs it, ``charge`` the sources, ``sauvegarde`` what PostgreSQL is saved and
restored with, ``epreuves`` the drills, ``rapport`` the table of docs/reprise.md.
"""
