"""The closed loop: the twin's events through the real services, and their missions back into the twin.

``python -m vigie.boucle``; what came out stands in ``docs/boucle-entraide.md``.
"""
