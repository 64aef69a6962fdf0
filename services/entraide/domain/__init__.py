"""Entraide (PHARE) as pure rules: time comes in as an argument, nothing here reads a clock, a table or a network.

``poles`` what may be given, ``besoins`` what is missing, ``eligibilite`` who may help whom, ``projection`` and
``telephone`` (on ``erlang``) what happens with and without help, ``montage`` the allocation problem they make,
``allocation`` its plan, ``explication`` the plan in sentences, ``cycle_de_vie`` what becomes of a proposal.
"""
