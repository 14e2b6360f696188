"""What tools print for people, and what to type to have the same for usched."""

from __future__ import annotations

import re

_TABLES = "use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
_EXPORT = "use lstopo --of xml FILE.xml"
_DETECT = "use usched topology detect on that machine, lscpu -a -p or lstopo --of xml FILE.xml"

#: The start of a line, what it shows the text to be, and the remedy. lscpu's words are
#: translated, but not the architecture.
_SIGNS = (
    (
        r"CPU(?:[ \t]+[A-Za-z0-9:%]+)+[ \t]*$|NAME[ \t]+ONE-SIZE[ \t]|Architecture:[ \t]"
        r"|[^\W\d]+\s?:[ \t]+(?:x86_64|i[3-6]86|aarch64|armv[5-8]\w*|ppc64(?:le)?|s390x|riscv64)$",
        "lscpu's output for people, which leaves out what a topology needs",
        _TABLES,
    ),
    (
        r"(?:Machine|System)(?: L#0)? ?(?:\(|\+)|depth 0:[ \t]+[0-9]+ Machine",
        "lstopo's output for people, which leaves out what a topology needs",
        _EXPORT,
    ),
    (r"#FIG 3\.|%!PS|\\documentclass", "a drawing", _EXPORT),
    (
        r"available: [0-9]+ nodes?\b|(?:policy|physcpubind): ",
        "numactl's output, which says nothing of cores",
        _DETECT,
    ),
    (
        r"(?:processor|vendor_id|Processor)[ \t]+:[ \t]",
        "/proc/cpuinfo, which does not say what cpus share",
        _DETECT,
    ),
    (r"(?=.*[-,])[0-9]+(?:-[0-9]+)?(?:,[0-9]+(?:-[0-9]+)?)*$", "a list of cpus", _DETECT),
)


def name_output(*lines: str) -> tuple[str, str] | None:
    """What a text is by one of its first lines, and what to type instead; None for any other."""
    for sign, what, remedy in _SIGNS:
        if any(re.match(sign, line) for line in lines):
            return what, remedy
    return None
