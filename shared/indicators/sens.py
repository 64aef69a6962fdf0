"""Which way is better, of what can be judged."""

from typing import Literal

Mieux = Literal["haut", "bas"]
