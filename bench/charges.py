"""The two workloads of the ingestion bench, as the log would hold them: the same bytes for every rival.

Both are ``fse`` events over 60 days and 107 caisses drawn evenly (the real network is skewed: evenly is harder,
a batch touches more cells), stamped with ``recordedtime`` as ``POST /v1/events`` does, 5 % of them sent twice.
As from real sources, each caisse's engine numbers its own files and ids are digests, in no order.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import numpy as np
from numpy.typing import NDArray

from shared.events.contrat import cle
from shared.network.reseau import charger

JOURS = 60
DELAI_MAX = 25
DOUBLONS = 0.05
_JOUR = 86_400
_LOCAL = timezone(timedelta(hours=1))  # winter throughout: whole local dates are whole days
_DEBUT = int(datetime(2026, 1, 5, tzinfo=_LOCAL).timestamp())
_MELANGE = 0x9E37_79B9_7F4A_7C15  # odd: distinct numbers give distinct ids
_BENEFICIAIRES = ("assure", "ps")

Items = list[tuple[bytes, bytes]]
Entiers = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Charge:
    """``n`` records that bring ``dossiers`` distinct closed dossiers. ``lots`` makes them, by 5,000."""

    nom: str
    n: int
    dossiers: int

    def lots(self) -> Iterator[Items]:
        """(key, value) pairs in log order; the same at each call."""
        return _lots_a(self) if self.nom == "a" else _lots_b(self)


def charge_a(n: int) -> Charge:
    """Both jalons in one event, in time order; doubles come up to three days after the first."""
    return Charge("a", n, n - round(n * DOUBLONS))


def charge_b(n: int) -> Charge:
    """Two events a dossier, fully shuffled over the 60 days, recorded the same day."""
    return Charge("b", n, (n - round(n * DOUBLONS)) // 2)


@dataclass(frozen=True, slots=True)
class _Dossiers:
    recue: Entiers
    payee: Entiers
    caisse: Entiers
    beneficiaire: Entiers


def _dossiers(alea: np.random.Generator, n: int) -> _Dossiers:
    """Paid in order of number, evenly over the period; received 5 days before on average, at most 25."""
    payee = _DEBUT + np.arange(n, dtype=np.int64) * (JOURS * _JOUR) // max(n, 1)
    delai = np.minimum(alea.gamma(2.0, 2.5, n).astype(np.int64), DELAI_MAX)
    minuit = payee - (payee - _DEBUT) % _JOUR
    heure = (alea.random(n) * np.where(delai == 0, payee - minuit + 1, _JOUR)).astype(np.int64)
    return _Dossiers(
        minuit - delai * _JOUR + heure,
        payee,
        alea.integers(0, len(charger().caisses), n),
        alea.integers(0, len(_BENEFICIAIRES), n),
    )


def _lots_a(charge: Charge) -> Iterator[Items]:
    alea = np.random.default_rng(1)
    d = _dossiers(alea, charge.dossiers)
    doubles = alea.choice(charge.dossiers, charge.n - charge.dossiers, replace=False)
    retard = alea.integers(1, max(2, charge.dossiers // 20), len(doubles)) + 0.5
    rangs = np.concatenate((np.arange(charge.dossiers), doubles))
    ordre = np.argsort(np.concatenate((np.arange(charge.dossiers, dtype=np.float64), doubles + retard)), kind="stable")
    suite = rangs[ordre]
    enregistre = np.maximum.accumulate(d.payee[suite]) + 30
    slugs = [c.slug for c in charger().caisses]
    for debut in range(0, len(suite), 5_000):
        tranche = suite[debut : debut + 5_000]
        yield [
            _item(
                numero,
                numero,
                "dossier",
                slugs[caisse],
                f'"caisse":"{slugs[caisse]}","beneficiaire":"{_BENEFICIAIRES[qui]}",'
                f'"jalons":{{"recue":"{_local(recue)}","payee":"{_local(payee)}"}}',
                "",
                timbre,
            )
            for numero, caisse, qui, recue, payee, timbre in zip(
                tranche.tolist(),
                d.caisse[tranche].tolist(),
                d.beneficiaire[tranche].tolist(),
                d.recue[tranche].tolist(),
                d.payee[tranche].tolist(),
                enregistre[debut : debut + 5_000].tolist(),
                strict=True,
            )
        ]


def _lots_b(charge: Charge) -> Iterator[Items]:
    alea = np.random.default_rng(2)
    d = _dossiers(alea, charge.dossiers)
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
