"""The hook of the dossier services: the dossiers of a person that a batch changed are announced in its transaction."""

import re
from collections.abc import Mapping, Sequence
from itertools import chain

import asyncpg

from shared.catalogue.derives import charger_regles
from shared.catalogue.processus import processus_du_service
from shared.dossiers.derives.fiches import Derivation
from shared.dossiers.derives.messages import TOPIC_PERSONNES, annoncer
from shared.dossiers.dictionnaire import Dictionnaire
from shared.dossiers.effets import Cle, Effets, Existant, Groupe, Neufs
from shared.dossiers.etat import decoder_etat
from shared.dossiers.lieux import lieux
from shared.log.envoi import publier_tous
from shared.log.types import Items

_pseudonyme = re.compile(rb"k[0-9a-z]{1,8}\.[A-Za-z0-9_-]{20}").search
"""Whether the bytes of a state may hold a pseudonym: the others are not decoded."""


class Emission:
    """Announces what the dossiers of one service say of persons. Holds no state but the catalogue's rules."""

    def __init__(self, service: str, dictionnaire: Dictionnaire) -> None:
        regles = charger_regles()
        self._service = service
        self._dictionnaire = dictionnaire
        self._derivations: Mapping[str, Derivation] = {
            p.code: Derivation(p, regles, lieux(), lambda code: dictionnaire.nom("source", code))
            for p in processus_du_service(service)
            if p.code in regles.contacts or p.code in regles.limites
        }

    async def publier(
        self,
        conn: asyncpg.Connection,
        groupes: Mapping[Cle, Groupe],
        neufs: Sequence[Neufs],
        existants: Mapping[Cle, Existant],
        effets: Effets,
    ) -> None:
        """Announce, through the outbox and in the batch's transaction, what its effects change."""
        if annonces := self.annonces(groupes, neufs, existants, effets):
            await publier_tous(conn, self._service, TOPIC_PERSONNES, annonces)

    def annonces(
        self,
        groupes: Mapping[Cle, Groupe],
        neufs: Sequence[Neufs],
        existants: Mapping[Cle, Existant],
        effets: Effets,
    ) -> Items:
        """Records of the repartition topic, in the order of the rows; the cause is that of the last event."""
        annonces: list[tuple[bytes, bytes]] = []
        series = {
            serie: self._de_la_serie(serie) for serie in {li[0] for li in chain(effets.nouvelles, effets.changees)}
        }
        if all(derivation is None for _, derivation in series.values()):
            return annonces
        causes = {cle: suite[-1][0][1] for cle, (_, suite) in groupes.items()}
        for lot in neufs:
            cles = zip(lot.colonnes.sujets, lot.series.tolist(), strict=True)
            causes |= dict(zip(cles, lot.colonnes.causes.tolist(), strict=True))
        for ligne in chain(effets.nouvelles, effets.changees):
            serie, subject, apres = ligne[:3]
            nom, derivation = series[serie]
            if derivation is None:
                continue
            ancien = existants.get((subject, serie))
            if _pseudonyme(apres) or (ancien is not None and _pseudonyme(ancien[0])):
                avant = None if ancien is None else decoder_etat(ancien[0])
                derives = derivation.derives(f"{nom}|{subject}", avant, decoder_etat(apres))
                cause = causes[subject, serie]
                annonces += [annoncer(self._service, derive, ligne[-1], cause) for derive in derives]
        return annonces

    def _de_la_serie(self, serie: int) -> tuple[str, Derivation | None]:
        """Its name (process|namespace), and how its dossiers speak of persons; None when they do not."""
        nom = self._dictionnaire.nom("serie", serie)
        return nom, self._derivations.get(nom.partition("|")[0])
