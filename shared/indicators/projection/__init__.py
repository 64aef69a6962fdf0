"""Where the stock and the indicators of a caisse will be at the end of a month, with an interval at 80 %.

From the run-off triangle (``triangle``), what comes in and how files of each age are closed (``modele``), played
forward along many paths (``chemins``), read as the indicators of the catalogue (``mesures``). Pure functions, arrays
in and arrays out, the same for the same seed. The method and its limits are in docs/projection.md.
"""
