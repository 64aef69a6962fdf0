"""The errors a service answers with: RFC 9457 problems, as exceptions.

Raised anywhere under a route, a dependency or an intergiciel; written to the wire by the ``Rempart`` only.
This room imports no HTTP library: a service's own errors derive from these and stay usable by its consumers,
which read ``retryable`` (retry, or reject) and never ``status``.
"""

from collections.abc import Mapping
from typing import Any, ClassVar

TYPE_MEDIA = "application/problem+json"
_PREFIXE_TYPE = "urn:vigie:probleme:"
_MEMBRES_RESERVES = frozenset({"type", "title", "status", "detail", "instance", "retryable"})


class Probleme(Exception):
    """An error with its HTTP meaning.

    ``detail``: one French sentence for the person: what is wrong, where, what to do. It is shown: no secret
    in it. ``retry_after_s``: whole seconds before the same call may succeed; sent as ``Retry-After``.
    ``entetes``: other response headers the status asks for (``Allow``, ``WWW-Authenticate``). ``extensions``:
    further members of the problem document, JSON values.
    """

    status: ClassVar[int] = 500
    slug: ClassVar[str] = "erreur-interne"
    title: ClassVar[str] = "Erreur interne"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        detail: str,
        *,
        retry_after_s: int | None = None,
        entetes: Mapping[str, str] | None = None,
        **extensions: Any,
    ) -> None:
        if reserves := _MEMBRES_RESERVES & extensions.keys():
            raise TypeError(f"reserved problem members: {', '.join(sorted(reserves))}")
        super().__init__(detail)
        self.detail = detail
        self.retry_after_s = retry_after_s
        self.entetes = dict(entetes or {})
        self.extensions = extensions

    @property
    def type(self) -> str:
        """The problem type URI."""
        return _PREFIXE_TYPE + self.slug

    def document(self, requete: str | None = None) -> dict[str, Any]:
        """The RFC 9457 document; ``instance`` names the request (its ``X-Request-Id``)."""
        document: dict[str, Any] = {
            "type": self.type,
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
            "retryable": self.retryable,
        }
        if requete is not None:
            document["instance"] = f"urn:vigie:requete:{requete}"
        return document | self.extensions

    def entetes_reponse(self) -> dict[str, str]:
        """The response headers of this problem, ``Retry-After`` included."""
        if self.retry_after_s is None:
            return self.entetes
        return self.entetes | {"Retry-After": str(self.retry_after_s)}


class RequeteMalformee(Probleme):
    status, slug, title = 400, "requete-malformee", "Requête malformée"


class NonIdentifie(Probleme):
    status, slug, title = 401, "non-identifie", "Identification requise"


class AccesRefuse(Probleme):
    status, slug, title = 403, "acces-refuse", "Accès refusé"


class Introuvable(Probleme):
    status, slug, title = 404, "introuvable", "Ressource introuvable"


class MethodeNonPrevue(Probleme):
    status, slug, title = 405, "methode-non-prevue", "Méthode non prévue"


class EnvoiTropLent(Probleme):
    status, slug, title, retryable = 408, "envoi-trop-lent", "Envoi trop lent", True


class Conflit(Probleme):
    status, slug, title = 409, "conflit", "Conflit avec l'état présent"


class AppelEnCours(Conflit):
    slug, title, retryable = "appel-en-cours", "Appel déjà en cours", True


class VersionPerimee(Probleme):
    status, slug, title = 412, "version-perimee", "La ressource a changé"


class CorpsTropVolumineux(Probleme):
    status, slug, title = 413, "corps-trop-volumineux", "Corps trop volumineux"


class TypeNonPrisEnCharge(Probleme):
    status, slug, title = 415, "type-non-pris-en-charge", "Type de contenu non pris en charge"


class DonneesInvalides(Probleme):
    status, slug, title = 422, "donnees-invalides", "Données invalides"


class CleDejaUtilisee(DonneesInvalides):
    slug, title = "cle-idempotence-deja-utilisee", "Clé d'idempotence déjà utilisée"


class VersionRequise(Probleme):
    status, slug, title = 428, "version-requise", "Version requise"


class TropDeRequetes(Probleme):
    status, slug, title, retryable = 429, "trop-de-requetes", "Trop de requêtes", True


class ErreurInterne(Probleme):
    pass


class Indisponible(Probleme):
    status, slug, title, retryable = 503, "indisponible", "Service momentanément indisponible", True


class DelaiDepasse(Indisponible):
    slug, title = "delai-depasse", "Délai de traitement dépassé"


class ErreurHttp(Probleme):
    """Any other HTTP status the framework raises."""

    slug, title = "erreur-http", "Requête refusée"

    def __init__(self, status: int, detail: str, *, entetes: Mapping[str, str] | None = None) -> None:
        super().__init__(detail, entetes=entetes)
        self.status = status  # type: ignore[misc]  # the one class whose status is known per instance
