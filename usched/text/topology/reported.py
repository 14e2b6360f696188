"""One cpu as an outside source tells of it, before numbers are machine-wide."""

from __future__ import annotations

from collections.abc import Hashable
from typing import NamedTuple


class Found(NamedTuple):
    """One cpu as found. core, llc: equal for the cpus that share one, within a socket at least.

    core None: the source does not say where the cpu is; its node may still be known. llc None:
    no cache is reported. socket, node None: not reported. kind: equal for the cpus of one type, as
    far as the source tells; None where it does not.
    """

    cpu: int
    socket: int | None = None
    node: int | None = None
    llc: Hashable | None = None
    core: Hashable | None = None
    online: bool = True
    kind: Hashable | None = None
