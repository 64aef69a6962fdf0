"""Peak memory of a measured process."""

import re
from pathlib import Path


def pic_memoire_mo() -> float:
    """Most resident memory this process has had, in MiB. Not ``ru_maxrss``, which counts its parent's too."""
    etat = Path("/proc/self/status").read_text(encoding="ascii")
    trouve = re.search(r"^VmHWM:\s+(\d+) kB$", etat, re.MULTILINE)
    assert trouve is not None
    return int(trouve[1]) / 1024
