"""The fault campaign: ``python -m tests.chaos``. Real servers, real processes, a load, one fault at a time.

``pannes`` is the table of faults, ``campagne`` the one loop that plays them, ``invariants`` what must hold after each.
"""
