"""A small file system of its own for the data of a server: one that can be filled, and slowed, for real.

An ext4 image mounted by loop: needs root and a kernel that lets it. Slowness: a cap of the kernel on the writes of one
group of processes to that device (cgroup v1, blkio). Blocking functions.
"""

import contextlib
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_BLKIO = Path("/sys/fs/cgroup/blkio")
_BLOC = 4_096
"""Bytes; less than that is no room at all."""


class VolumeImpossible(Exception):
    """This machine does not let us; ``str()`` says why."""


@dataclass(frozen=True, slots=True)
class Volume:
    """``dossier``: where it is mounted. ``monte``: whether it is a file system of its own."""

    dossier: Path
    monte: bool
    pourquoi: str = ""

    @property
    def _bourre(self) -> Path:
        return self.dossier / "bourre"

    def remplir(self) -> None:
        """Leave no room. Raises VolumeImpossible when that would fill the machine's own disk."""
        if not self.monte:
            raise VolumeImpossible(self.pourquoi)
        with self._bourre.open("wb") as fichier:
            pris, pas = 0, 1 << 30
            while pas >= _BLOC:
                try:
                    os.posix_fallocate(fichier.fileno(), pris, pas)
                    pris += pas
                except OSError:
                    pas //= 2

    def vider(self) -> None:
        """Give the room back."""
        self._bourre.unlink(missing_ok=True)

    def ralentir(self, pid: int, ecritures_par_s: int) -> "Frein":
        """Cap the writes to it of a process, of its children and of those to come. Raises VolumeImpossible."""
        if not self.monte:
            raise VolumeImpossible(self.pourquoi)
        groupe = _BLKIO / f"vigie-{os.getpid()}-{pid}"
        try:
            groupe.mkdir()
            numero = self.dossier.stat().st_dev
            plafond = f"{os.major(numero)}:{os.minor(numero)} {ecritures_par_s}"
            (groupe / "blkio.throttle.write_iops_device").write_text(plafond)
            for membre in (pid, *_enfants(pid)):
                with contextlib.suppress(ProcessLookupError):
                    (groupe / "cgroup.procs").write_text(str(membre))
        except OSError as exc:
            raise VolumeImpossible(f"pas de plafond d'écriture (cgroup blkio) : {exc}") from exc
        return Frein(groupe)


@dataclass(frozen=True, slots=True)
class Frein:
    """A cap in force."""

    groupe: Path

    def lacher(self) -> None:
        """Lift it: whoever is in the group goes back to where all processes are."""
        for membre in (self.groupe / "cgroup.procs").read_text().split():
            with contextlib.suppress(ProcessLookupError):
                (_BLKIO / "cgroup.procs").write_text(membre)
        with contextlib.suppress(OSError):
            self.groupe.rmdir()


def _enfants(pid: int) -> list[int]:
    with contextlib.suppress(OSError):
        return [int(e) for e in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]
    return []


@contextmanager
def volume(dossier: Path, mio: int) -> Iterator[Volume]:
    """A volume of ``mio`` MiB at ``dossier``, or the plain folder where nothing can be mounted."""
    dossier.mkdir(parents=True)
    image = dossier.with_suffix(".img")
    pourquoi = _monter(image, dossier, mio)
    try:
        yield Volume(dossier, not pourquoi, pourquoi)
    finally:
        if not pourquoi:
            subprocess.run(["umount", "--lazy", str(dossier)], check=False, capture_output=True)
        image.unlink(missing_ok=True)


def _monter(image: Path, dossier: Path, mio: int) -> str:
    """Mount; why it could not be, or nothing."""
    try:
        with image.open("wb") as fichier:
            fichier.truncate(mio << 20)
        for commande in (
            ["mkfs.ext4", "-q", "-F", "-m", "0", str(image)],
            ["mount", "-o", "loop", str(image), str(dossier)],
        ):
            subprocess.run(commande, check=True, capture_output=True, text=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        detail = exc.stderr.strip() if isinstance(exc, subprocess.CalledProcessError) else str(exc)
        return f"pas de système de fichiers à part (montage refusé) : {detail}"
    return ""
