"""Signed links: who holds one may acknowledge one notification until a given instant, and nothing else."""

import base64
import binascii
import hmac
import uuid
from datetime import UTC, datetime

_OCTETS_SIGNATURE = 32


class JetonInvalide(ValueError):
    """Not a link of ours, or changed; ``str()`` is a French sentence."""


class JetonExpire(JetonInvalide):
    """A link of ours whose time is over."""


def ecrire(cle: bytes, notification: uuid.UUID, expire: datetime) -> str:
    """A token for an address: identifier (16 bytes), expiry (8), HMAC-SHA256 (32), in base64url."""
    corps = notification.bytes + int(expire.timestamp()).to_bytes(8)
    return base64.urlsafe_b64encode(corps + _signer(cle, corps)).rstrip(b"=").decode()


def lire(cle: bytes, jeton: str, maintenant: datetime) -> uuid.UUID:
    """The notification a token is for. Raises JetonInvalide, JetonExpire."""
    try:
        octets = base64.b64decode(jeton + "=" * (-len(jeton) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        octets = b""
    corps, signature = octets[:24], octets[24:]
    if len(signature) != _OCTETS_SIGNATURE or not hmac.compare_digest(signature, _signer(cle, corps)):
        raise JetonInvalide("Ce lien n'est pas valide. Reprenez-le tel qu'il figure dans le message reçu.")
    if maintenant > datetime.fromtimestamp(int.from_bytes(corps[16:]), UTC):
        raise JetonExpire("Ce lien a expiré. Accusez réception depuis la boîte de réception de Vigie.")
    return uuid.UUID(bytes=corps[:16])


def _signer(cle: bytes, corps: bytes) -> bytes:
    return hmac.digest(cle, b"vigie.accuse\0" + corps, "sha256")
