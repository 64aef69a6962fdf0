"""The two workloads of the ingestion bench, as the log would hold them: the same bytes for every rival.

Both are ``fse`` events of 107 caisses drawn evenly (the real network is skewed: evenly is harder, a batch touches
more cells), stamped with ``recordedtime`` as ``POST /v1/events`` does, 5 % of them sent twice. As from real sources,
each caisse's engine numbers its own files and ids are digests, in no order. A comes as fast as the network pays,
1 G a year (a million is an evening and a morning); B is 60 days, and so is A60, which is A sixty days thin.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from shared.events.contrat import cle
from shared.network.reseau import charger

JOURS = 60
PAR_AN = 1_000_000_000
"""Electronic claim forms the network pays in a year (order of size)."""
DELAI_MAX = 25
DOUBLONS = 0.05
_JOUR = 86_400
_LOCAL = timezone(timedelta(hours=1))  # winter throughout: whole local dates are whole days
_DEBUT = int(datetime(2026, 1, 5, tzinfo=_LOCAL).timestamp())
_SOIR = 20 * 3_600
_AN = 365 * _JOUR
_MELANGE = 0x9E37_79B9_7F4A_7C15  # odd: distinct numbers give distinct ids
_BENEFICIAIRES = ("assure", "ps")

Items = list[tuple[bytes, bytes]]
Entiers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Charge:
    """``n`` records that bring ``dossiers`` distinct closed dossiers of the first ``caisses`` of the network, paid over
    ``duree`` seconds from ``debut``. ``lots`` makes them, by 5,000.
    """

    nom: str
    n: int
    dossiers: int
    caisses: int
    debut: int
    duree: int

    def lots(self) -> Iterator[Items]:
        """(key, value) pairs in log order; the same at each call."""
        return _lots_b(self) if self.nom == "b" else _lots_a(self)


def charge_a(n: int, nom: str = "a", jours: int | None = None, caisses: int = 0) -> Charge:
    """Both jalons in one event, in time order; doubles come within a twentieth of the period after the first.

    ``jours``: days they are paid over; None: at the rate of the network. ``caisses``: how many; 0 for all.
    """
    dossiers = n - round(n * DOUBLONS)
    au_rythme = (_DEBUT + _SOIR, dossiers * _AN // PAR_AN)
    return Charge(nom, n, dossiers, _nombre(caisses), *(au_rythme if jours is None else (_DEBUT, jours * _JOUR)))


def charge_b(n: int) -> Charge:
    """Two events a dossier, fully shuffled over the 60 days, recorded the same day."""
    return Charge("b", n, (n - round(n * DOUBLONS)) // 2, _nombre(0), _DEBUT, JOURS * _JOUR)


def _nombre(caisses: int) -> int:
    return caisses or len(charger().caisses)


@dataclass(frozen=True, slots=True)
class _Dossiers:
    recue: Entiers
    payee: Entiers
    caisse: Entiers
    beneficiaire: Entiers


def _dossiers(alea: np.random.Generator, n: int, debut: int, duree: int, caisses: int) -> _Dossiers:
    """Paid in order of number, evenly over ``duree`` seconds; received 5 days before on average, at most 25."""
    payee = debut + np.arange(n, dtype=np.int64) * duree // max(n, 1)
    delai = np.minimum(alea.gamma(2.0, 2.5, n).astype(np.int64), DELAI_MAX)
    minuit = payee - (payee - _DEBUT) % _JOUR
    heure = (alea.random(n) * np.where(delai == 0, payee - minuit + 1, _JOUR)).astype(np.int64)
    return _Dossiers(
        minuit - delai * _JOUR + heure,
        payee,
        alea.integers(0, caisses, n),
        alea.integers(0, len(_BENEFICIAIRES), n),
    )


def _lots_a(charge: Charge) -> Iterator[Items]:
    alea = np.random.default_rng(1)
    d = _dossiers(alea, charge.dossiers, charge.debut, charge.duree, charge.caisses)
    doubles = alea.choice(charge.dossiers, charge.n - charge.dossiers, replace=False)
    retard = alea.integers(1, max(2, charge.dossiers // 20), len(doubles)) + 0.5
    rangs = np.concatenate((np.arange(charge.dossiers), doubles))
    ordre = np.argsort(np.concatenate((np.arange(charge.dossiers, dtype=np.float64), doubles + retard)), kind="stable")
    suite = rangs[ordre]
    enregistre = np.maximum.accumulate(d.payee[suite]) + 30
    for debut in range(0, len(suite), 5_000):
        yield _en_un(d, suite[debut : debut + 5_000], enregistre[debut : debut + 5_000], 0)


def journee(premier: int, n: int, minuit: int) -> Iterator[Items]:
    """``n`` files numbered from ``premier``, each in one event, paid evenly over the day that begins at ``minuit`` (UTC
    seconds, 23:00 in UTC), by 5,000; the first ``DOUBLONS`` of each lot come again with it.
    """
    d = _dossiers(np.random.default_rng(premier), n, minuit, _JOUR, _nombre(0))
    for debut in range(0, n, 5_000):
        lot = np.arange(debut, min(debut + 5_000, n))
        suite = np.concatenate((lot, lot[: round(len(lot) * DOUBLONS)]))
        yield _en_un(d, suite, np.maximum.accumulate(d.payee[suite]) + 30, premier)


def _en_un(d: _Dossiers, tranche: Entiers, timbres: Entiers, premier: int) -> Items:
    """Both jalons of each file in one event. ``premier``: the number of the first of ``d``."""
    slugs = [c.slug for c in charger().caisses]
    return [
        _item(
            premier + rang,
            premier + rang,
            "dossier",
            slugs[caisse],
            f'"caisse":"{slugs[caisse]}","beneficiaire":"{_BENEFICIAIRES[qui]}",'
            f'"jalons":{{"recue":"{_local(recue)}","payee":"{_local(payee)}"}}',
            "",
            timbre,
        )
        for rang, caisse, qui, recue, payee, timbre in zip(
            tranche.tolist(),
            d.caisse[tranche].tolist(),
            d.beneficiaire[tranche].tolist(),
            d.recue[tranche].tolist(),
            d.payee[tranche].tolist(),
            timbres.tolist(),
            strict=True,
        )
    ]


def _lots_b(charge: Charge) -> Iterator[Items]:
    alea = np.random.default_rng(2)
    d = _dossiers(alea, charge.dossiers, charge.debut, charge.duree, charge.caisses)
    distincts = 2 * charge.dossiers
    doubles = alea.choice(distincts, charge.n - distincts, replace=False)
    suite = alea.permutation(np.concatenate((np.arange(distincts), doubles)))
    instants = np.stack((d.recue, d.payee), axis=1).reshape(-1)
    jour = _DEBUT + (JOURS + 1) * _JOUR + 8 * 3_600
    slugs = [c.slug for c in charger().caisses]
    for debut in range(0, len(suite), 5_000):
        tranche = suite[debut : debut + 5_000]
        timbre = jour + debut * 36_000 // charge.n
        yield [
            _item(
                rang,
                rang // 2,
                "payee" if rang % 2 else "recue",
                slugs[caisse],
                f'"caisse":"{slugs[caisse]}","beneficiaire":"{_BENEFICIAIRES[qui]}"',
                f'"time":"{_local(instant)}",',
                timbre,
            )
            for rang, caisse, qui, instant in zip(
                tranche.tolist(),
                d.caisse[tranche // 2].tolist(),
                d.beneficiaire[tranche // 2].tolist(),
                instants[tranche].tolist(),
                strict=True,
            )
        ]


def _item(rang: int, numero: int, jalon: str, slug: str, data: str, time: str, timbre: int) -> tuple[bytes, bytes]:
    sujet, source = f"2026-{numero:09d}", f"urn:vigie:source:fse-{slug}"
    valeur = (
        f'{{"specversion":"1.0","id":"{(rang + 1) * _MELANGE % 2**64:016x}","source":"{source}",'
        f'"type":"vigie.fse.{jalon}.v1","subject":"{sujet}",{time}"data":{{{data}}},'
        f'"recordedtime":"{datetime.fromtimestamp(timbre, UTC).isoformat()}"}}'
    )
    return cle("fse", source, sujet), valeur.encode()


def _local(instant: int) -> str:
    return datetime.fromtimestamp(instant, _LOCAL).isoformat()
