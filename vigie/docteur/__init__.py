"""``vigie doctor``: what is checked of an installation, what was found, and what to do about it.

``constats`` the verdicts and how checks are run, ``lieu`` where to look; then one room per thing looked at, each with
its table ``EXAMENS``: ``reglages``, ``base``, ``journal``, ``broker``, ``activite``, ``voisins``, ``machine``. Nothing
here starts, migrates or changes anything.
"""
