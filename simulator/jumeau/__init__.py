"""The network twin: 107 caisses in daily counts of files and hourly counts of calls, at the pace of the library.

``parametres`` what it is told, ``scenario`` what goes wrong, ``monde`` everything drawn beforehand (the same for every
policy), ``dossiers`` and ``appels`` the two kinds of queue, ``jumeau`` the day, ``mesures`` what a month looks like,
``calage`` the table against the sources, ``evenements`` counts turned into events. Nothing here reads a clock.
"""
