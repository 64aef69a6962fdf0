"""The network of caisses and its administrative time: pure values, read from the data packaged beside them.

``reseau`` caisses and hierarchies, ``calendrier`` working days, ``heure_locale`` local days and hours,
``ouvertures`` opening hours and the clock of "48 h ouvrées", ``plateformes`` telephone platforms, ``tram``
the register of who works for whom.
"""
