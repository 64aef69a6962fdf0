"""Every Prometheus metric of the log, in one place. Labels are bounded: topics, partitions, groups, schemas."""

from prometheus_client import Counter, Gauge, Histogram

_VOIE = ("groupe", "topic", "partition")

retard = Gauge("vigie_journal_retard", "Enregistrements en attente, par partition tenue", _VOIE)
sans_progres = Gauge(
    "vigie_journal_sans_progres_secondes",
    "Secondes écoulées depuis le dernier lot validé d'une partition qui a du retard (0 sans retard)",
    _VOIE,
)
partitions_tenues = Gauge("vigie_journal_partitions_tenues", "Partitions attribuées à ce membre", ("groupe", "topic"))
pret = Gauge("vigie_journal_pret", "1 quand le consommateur travaille, 0 quand il attend", ("groupe", "topic"))
enregistrements = Counter("vigie_journal_enregistrements", "Enregistrements consommés et validés", ("groupe", "topic"))
lots = Counter("vigie_journal_lots", "Lots validés", ("groupe", "topic"))
duree_lot = Histogram(
    "vigie_journal_lot_secondes",
    "Durée d'un lot, de la préparation à la validation",
    ("groupe", "topic"),
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
rejets_internes = Counter(
    "vigie_journal_rejets_internes", "Enregistrements mis aux rejets pour erreur interne", ("groupe", "topic")
)
reequilibrages = Counter("vigie_journal_reequilibrages", "Changements d'attribution reçus", ("groupe", "topic"))
conflits = Counter(
    "vigie_journal_conflits_de_position", "Lots abandonnés car la position avait bougé", ("groupe", "topic")
)
abandons = Counter("vigie_journal_lots_abandonnes", "Lots interrompus, délai de vidange dépassé", ("groupe", "topic"))
erreurs_passageres = Counter("vigie_journal_erreurs_passageres", "Reprises après une erreur passagère", ("ou",))
erreurs_ecouteur = Counter(
    "vigie_journal_erreurs_ecouteur", "Exceptions levées pendant un changement d'attribution", ("groupe", "topic")
)
ajoutes = Counter("vigie_journal_ajoutes", "Enregistrements ajoutés au journal", ("topic",))
relayes = Counter("vigie_journal_relayes", "Événements passés de la boîte d'envoi au journal", ("schema",))
