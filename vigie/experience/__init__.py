"""The experiment: does the allocation help the network, and whom does it harm? Played in the twin, paired.

``reglages`` targets and pôles, ``observation`` what a comité can see, ``besoins`` the needs its rules find,
``politiques`` three ways to answer them, ``campagne`` a year of one seed under one policy, ``bilan`` the paired
differences, ``rapport`` the page and its chart. Command: ``python -m vigie.experience``.
"""
