"""The register of who read or changed what: append-only, hash-chained, one per service (ADR 0041).

``ligne``: a row and its digest. ``tables``: where it is kept. ``registre``: writing and reading it. ``tracees``: the
table of the calls that leave a trace. ``trace``, ``intergiciel``, ``pose``: how a call leaves it. ``verification`` and
``elagage``: walking the chain, and shortening it. ``api``: ``GET /v1/audit``.
"""
