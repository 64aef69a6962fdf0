"""SVG elements as text. Attributes are escaped; what is drawn is text already."""

from collections.abc import Sequence

from markupsafe import Markup, escape


def element(nom: str, *dedans: str, **attributs: object) -> Markup:
    """One element. An underscore in an attribute's name is a hyphen, ``classe`` is ``class``; None is left out."""
    ecrits = "".join(
        f' {_nom(clef)}="{escape(_chiffre(valeur))}"' for clef, valeur in attributs.items() if valeur is not None
    )
    # Every part is escaped above, or is an element already.
    return Markup(f"<{nom}{ecrits}>{''.join(dedans)}</{nom}>")  # noqa: S704


def texte(contenu: str, **attributs: object) -> Markup:
    """A text element."""
    return element("text", escape(contenu), **attributs)


def figure(largeur: int, hauteur: int, titre: str, dedans: Sequence[str], classe: str, role: str = "img") -> Markup:
    """A whole picture. ``titre``: what it says, in one sentence, for who cannot see it.

    ``role``: « group » when it holds links, which an image would hide.
    """
    return element(
        "svg",
        *dedans,
        viewBox=f"0 0 {largeur} {hauteur}",
        classe=f"graphique {classe}",
        role=role,
        aria_label=titre,
        focusable="false",
    )


def polyligne(points: Sequence[tuple[float, float]], classe: str) -> Markup:
    """A line through points."""
    return element("polyline", points=" ".join(f"{x:.1f},{y:.1f}" for x, y in points), classe=classe)


def ligne(x1: float, y1: float, x2: float, y2: float, classe: str) -> Markup:
    """One segment."""
    return element("line", x1=x1, y1=y1, x2=x2, y2=y2, classe=classe)


def _nom(clef: str) -> str:
    if clef == "classe":
        return "class"
    return clef if clef in ("viewBox",) else clef.replace("_", "-")


def _chiffre(valeur: object) -> str:
    return f"{valeur:.1f}".rstrip("0").rstrip(".") if isinstance(valeur, float) else str(valeur)
