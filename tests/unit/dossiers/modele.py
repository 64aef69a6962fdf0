"""An independent reading of core.md: what a dossier counts for, computed naively and slowly, with nothing of the code
under test. Jalons are dated on whole hours, so that time can be walked hour by hour."""

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from tests.unit.dossiers.atelier import ZONES, Dit

HEURE = 3_600


def local(instant: int, caisse: int) -> datetime:
    return datetime.fromtimestamp(instant, ZoneInfo(ZONES[caisse]))


def vivants(dits: Iterable[Dit]) -> list[Dit]:
    """The highest revision of each (source, id), retracted ones left out. Equal revisions are equal events here."""
    tetes: dict[tuple[str, str], Dit] = {}
    for dit in dits:
        tete = tetes.get((dit.source, dit.id))
        if tete is None or dit.revision > tete.revision:
            tetes[dit.source, dit.id] = dit
    return [d for d in tetes.values() if not d.retrait]


def date_evenement(dit: Dit) -> int:
    instants = [t for v in dit.jalons.values() for t in ([v] if isinstance(v, int) else v)]
    return dit.temps or max(instants, default=1)


def dernier_dit(dits: list[Dit], champ: str):
    """The last non-empty value said, by (time, source, id)."""
    for dit in sorted(dits, key=lambda d: (date_evenement(d), d.source, d.id), reverse=True):
        if valeur := getattr(dit, champ):
            return valeur
    return 0


def dates(dits: list[Dit], jalon: str) -> list[int]:
    return sorted({t for d in dits if jalon in d.jalons for t in _liste(d.jalons[jalon])})


def _liste(valeur) -> list[int]:
    return valeur if isinstance(valeur, list) else [valeur]


def cmuc_acs(dits: Iterable[Dit]) -> dict:
    """``{}`` or what a CMU-C/ACS request counts for: caisse, day opened, and once closed the rest."""
    restent = vivants(dits)
    caisse = dernier_dit(restent, "caisse")
    recues = dates(restent, "recue")
    if not restent or not caisse or not recues:
        return {}
    depart = recues[0]
    n = dernier_dit(restent, "nombre") or 1
    compte = {"caisse": caisse, "n": n, "ouvert": local(depart, caisse).date()}
    fins = []
    for rang, (jalon, issue) in enumerate(
        (("decidee_accord", "accord"), ("decidee_refus", "refus"), ("annulee", "annulation"))
    ):
        fins += [
            (fin, rang, issue) for fin in dates(restent, jalon)[:1] if local(fin, caisse).date() >= compte["ouvert"]
        ]
    if not fins:
        return compte
    fin, _, issue = min(fins)
    suspendues = suspendues_de(dates(restent, "incomplete"), dates(restent, "completee"), fin)
    compte["clos"] = local(fin, caisse).date()
    compte["issue"] = issue
    compte["secondes"] = n * (fin - depart)
    compte["suspendu"] = n * HEURE * sum(1 for h in suspendues if h >= depart)
    nuits = _nuits(depart, fin, caisse, lambda h: h in suspendues)
    compte["jours_hors_suspension"] = (compte["clos"] - compte["ouvert"]).days - nuits
    return compte


def suspendues_de(incompletes: list[int], completees: list[int], fin: int) -> set[int]:
    """Hours (by their first second) during which the file waits for the assuré."""
    if not incompletes:
        return set()
    suspendues, etat = set(), False
    for h in range(incompletes[0], fin, HEURE):
        ouvre, ferme = h in incompletes, h in completees
        if etat and ferme:
            etat = ouvre
        elif not etat and ouvre and not ferme:
            etat = True
        if etat:
            suspendues.add(h)
    return suspendues


def _nuits(depart: int, fin: int, caisse: int, suspendu) -> int:
    """Midnights gone through while suspended: days of suspension, as whole local dates."""
    return sum(
        1
        for h in range(depart - depart % HEURE + HEURE, fin + 1, HEURE)
        if local(h, caisse).hour == 0 and suspendu(h - HEURE) and h - HEURE >= depart
    )


def ij(dits: Iterable[Dit]) -> dict:
    """Day opened of a first IJ (the latest of its two pieces), day closed when paid."""
    restent = vivants(dits)
    caisse = dernier_dit(restent, "caisse")
    pieces = [dates(restent, nom)[:1] for nom in ("aat_recu", "dsij_recue")]
    if not caisse or not all(pieces):
        return {}
    depart = max(p[0] for p in pieces)
    ouvert = local(depart, caisse).date()
    fins = [
        (f, rang, issue)
        for rang, (jalon, issue) in enumerate((("payee", "paye"), ("refusee", "refus"), ("annulee", "annulation")))
        for f in dates(restent, jalon)[:1]
        if local(f, caisse).date() >= ouvert
    ]
    compte = {"caisse": caisse, "ouvert": ouvert, "n": dernier_dit(restent, "nombre") or 1}
    if fins:
        fin, _, compte["issue"] = min(fins)
        compte["clos"] = local(fin, caisse).date()
        compte["secondes"] = compte["n"] * (fin - depart)
    return compte
