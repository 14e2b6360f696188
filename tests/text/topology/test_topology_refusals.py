"""Every way to be wrong, with the whole error that the user reads."""

from __future__ import annotations

import pytest

from usched.text.topology.formats import parse_machine
from usched.words.problems import Refused, format_problem

XML = '<topology version="2.0"><object type="Machine" os_index="0">'
HEADER = "# CPU,Core,Socket,Node,,L1d,L1i,L2,L3\n"
ALIAS_BOMB = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join(['*' + below] * 10)}]\n"
    for below, name in zip("abcdef", "bcdefg", strict=True)
)

#: What is wrong -> (the text, the error).
CASES: dict[str, tuple[str, str]] = {
    "empty file": (
        (""),
        (
            "in:1:1: the file is empty\n"
            "  usched reads a topology in YAML, lscpu -J, lscpu -p, an hwloc XML export (lsto"
            "po --of xml),\n"
            "  or an hwloc synthetic string such as 'pack:2 core:4 pu:2'"
        ),
    ),
    "broken yaml": (
        ("machine: [a\nsockets: 2\n"),
        ("in:2:8: broken YAML: did not find expected ',' or ']'\n    sockets: 2\n           ^"),
    ),
    "a tab": (
        ("machine: a\n\tsockets: 2\n"),
        (
            "in:2:1: broken YAML: found a tab character that violates indentation\n"
            "    \tsockets: 2\n"
            "    ^"
        ),
    ),
    "a list": (
        ("- 1\n- 2\n"),
        ("in:1:1: topology must be a mapping of keys to values, not a list\n    - 1\n    ^"),
    ),
    "plain text": (
        ("hello world\n"),
        (
            "in:1:1: topology must be a mapping of keys to values, not the text 'hello world'"
            "\n"
            "    hello world\n"
            "    ^^^^^^^^^^^"
        ),
    ),
    "duplicate key": (
        ("sockets: 2\nsockets: 3\n"),
        ("in:2:1: the key 'sockets' is given twice\n    sockets: 3\n    ^^^^^^^"),
    ),
    "unknown key": (
        ("machine: a\nsocket: 2\n"),
        (
            "in:2:1: topology has an unknown key 'socket'\n"
            "    socket: 2\n"
            "    ^^^^^^\n"
            "  did you mean 'sockets'?\n"
            "  its keys are: machine, hz, sockets, nodes, llcs, cores, threads, numbering, of"
            "fline, cpus"
        ),
    ),
    "wrong type": (
        ("sockets: two\ncores: 1.5\nthreads: yes\n"),
        (
            "in:1:10: sockets of topology must be a whole number, not the text 'two'\n"
            "    sockets: two\n"
            "             ^^^\n"
            "in:2:8: cores of topology must be a whole number, not 1.5\n"
            "    cores: 1.5\n"
            "           ^^^\n"
            "in:3:10: threads of topology must be a whole number, not true\n"
            "    threads: yes\n"
            "             ^^^"
        ),
    ),
    "zero": (
        ("cores: 0\nthreads: -1\n"),
        (
            "in:1:8: cores of topology must be 1 to 65536, not 0\n"
            "    cores: 0\n"
            "           ^\n"
            "in:2:10: threads of topology must be 1 to 65536, not -1\n"
            "    threads: -1\n"
            "             ^^"
        ),
    ),
    "absurd": (
        ("sockets: 99999999999999999999999\n"),
        (
            "in:1:10: sockets of topology must be 1 to 65536, not a number of over 20 digits\n"
            "    sockets: 99999999999999999999999\n"
            "             ^^^^^^^^^^^^^^^^^^^^^^^"
        ),
    ),
    "product": (
        ("sockets: 256\nnodes: 16\ncores: 64\nthreads: 4\n"),
        (
            "in:1:10: 1048576 cpus: a machine has at most 65536\n"
            "    sockets: 256\n"
            "             ^^^\n"
            "  the counts multiply: sockets 256 x nodes 16 x cores 64 x threads 4"
        ),
    ),
    "numbering": (
        ("numbering: dense\n"),
        (
            "in:1:12: numbering of topology must be linux or compact, not 'dense'\n"
            "    numbering: dense\n"
            "               ^^^^^\n"
            "  linux: all first threads, then all second ones\n"
            "  compact: siblings adjacent"
        ),
    ),
    "hz": (
        ("hz: 0\n"),
        ("in:1:5: hz of topology must be 1 to 1000000, not 0\n    hz: 0\n        ^"),
    ),
    "hz big": (
        ("hz: 1000001\n"),
        (
            "in:1:5: hz of topology must be 1 to 1000000, not 1000001\n"
            "    hz: 1000001\n"
            "        ^^^^^^^"
        ),
    ),
    "machine number": (
        ("machine: 7\n"),
        (
            "in:1:10: machine of topology must be text, not 7\n"
            "    machine: 7\n"
            "             ^\n"
            "  quote it"
        ),
    ),
    "machine empty": (
        ('machine: ""\n'),
        (
            "in:1:10: machine of topology must be 1 to 64 printable characters, without space"
            "s around them\n"
            '    machine: ""\n'
            "             ^^"
        ),
    ),
    "cpus number": (
        ("cpus: 8\n"),
        (
            "in:1:7: cpus of topology must be a list, not 8\n"
            "    cpus: 8\n"
            "          ^\n"
            "  one entry a cpu: - {cpu: 0, socket: 0, node: 0, core: 0}\n"
            "  or counts instead of cpus: sockets, nodes, llcs, cores, threads"
        ),
    ),
    "cpus empty": (
        ("cpus: []\n"),
        (
            "in:1:7: cpus of topology has 0 entries: a machine has 1 to 65536 cpus\n"
            "    cpus: []\n"
            "          ^"
        ),
    ),
    "both forms": (
        ("sockets: 2\ncpus:\n  - {cpu: 0, socket: 0, node: 0, core: 0}\n"),
        (
            "in:1:1: topology has both 'cpus' and 'sockets'\n"
            "    sockets: 2\n"
            "    ^^^^^^^\n"
            "  either one entry a cpu, or counts: sockets, nodes, llcs, cores, threads, numbe"
            "ring"
        ),
    ),
    "entry no mapping": (
        ("cpus:\n  - 3\n"),
        (
            "in:2:5: entry 1 of cpus must be a mapping of keys to values, not 3\n"
            "      - 3\n"
            "        ^"
        ),
    ),
    "entry lacks": (
        ("cpus:\n  - {cpu: 0, core: 0}\n"),
        (
            "in:2:5: entry 1 of cpus has no 'socket'\n"
            "      - {cpu: 0, core: 0}\n"
            "        ^\n"
            "in:2:5: entry 1 of cpus has no 'node'\n"
            "      - {cpu: 0, core: 0}\n"
            "        ^"
        ),
    ),
    "entry unknown": (
        ("cpus:\n  - {cpu: 0, socket: 0, node: 0, core: 0, thread: 1}\n"),
        (
            "in:2:43: entry 1 of cpus has an unknown key 'thread'\n"
            "      - {cpu: 0, socket: 0, node: 0, core: 0, thread: 1}\n"
            "                                              ^^^^^^\n"
            "  its keys are: cpu, socket, node, core, llc"
        ),
    ),
    "duplicate cpu": (
        (
            "cpus:\n"
            "  - {cpu: 0, socket: 0, node: 0, core: 0}\n"
            "  - {cpu: 0, socket: 0, node: 0, core: 1}\n"
        ),
        (
            "in:3:11: cpu 0 is declared twice\n"
            "      - {cpu: 0, socket: 0, node: 0, core: 1}\n"
            "              ^"
        ),
    ),
    "core two sockets": (
        (
            "cpus:\n"
            "  - {cpu: 0, socket: 0, node: 0, core: 0}\n"
            "  - {cpu: 1, socket: 1, node: 0, core: 0}\n"
            "  - {cpu: 2, socket: 1, node: 0, core: 0}\n"
        ),
        (
            "in:3:22: core 0 is in socket 0 (cpu 0) and in socket 1 (cpu 1)\n"
            "      - {cpu: 1, socket: 1, node: 0, core: 0}\n"
            "                         ^\n"
            "  numbers are machine-wide: count the cores on from one socket to the next"
        ),
    ),
    "core two nodes llcs": (
        (
            "cpus:\n"
            "  - {cpu: 0, socket: 0, node: 0, llc: 0, core: 0}\n"
            "  - {cpu: 1, socket: 0, node: 1, llc: 1, core: 0}\n"
        ),
        (
            "in:3:31: core 0 is in node 0 (cpu 0) and in node 1 (cpu 1)\n"
            "      - {cpu: 1, socket: 0, node: 1, llc: 1, core: 0}\n"
            "                                  ^\n"
            "  numbers are machine-wide: count the cores on from one socket to the next\n"
            "in:3:39: core 0 is in llc 0 (cpu 0) and in llc 1 (cpu 1)\n"
            "      - {cpu: 1, socket: 0, node: 1, llc: 1, core: 0}\n"
            "                                          ^\n"
            "  numbers are machine-wide: count the cores on from one socket to the next"
        ),
    ),
    "llc some": (
        (
            "cpus:\n"
            "  - {cpu: 0, socket: 0, node: 0, llc: 0, core: 0}\n"
            "  - {cpu: 1, socket: 0, node: 0, core: 1}\n"
        ),
        (
            "in:3:5: llc is given for 1 of 2 cpus\n"
            "      - {cpu: 1, socket: 0, node: 0, core: 1}\n"
            "        ^\n"
            "  give it for all of them or for none"
        ),
    ),
    "cpu too large": (
        ("cpus:\n  - {cpu: 65536, socket: 0, node: 0, core: 0}\n"),
        (
            "in:2:11: cpu of entry 1 of cpus must be 0 to 65535, not 65536\n"
            "      - {cpu: 65536, socket: 0, node: 0, core: 0}\n"
            "              ^^^^^"
        ),
    ),
    "offline missing": (
        ("cores: 4\noffline: [1, 7]\n"),
        (
            "in:2:14: cpu 7 is offline but not a cpu of the machine\n"
            "    offline: [1, 7]\n"
            "                 ^\n"
            "  it has cpu0-cpu3"
        ),
    ),
    "offline all": (
        ("cores: 2\noffline: [0, 1]\n"),
        (
            "in:2:10: every cpu is offline\n"
            "    offline: [0, 1]\n"
            "             ^\n"
            "  at least one must be online"
        ),
    ),
    "offline twice": (
        ("cores: 2\noffline: [1, 1]\n"),
        ("in:2:14: cpu 1 is offline twice\n    offline: [1, 1]\n                 ^"),
    ),
    "offline text": (
        ("cores: 4\noffline: 1-2\n"),
        (
            "in:2:10: offline of topology must be a list, not the text '1-2'\n"
            "    offline: 1-2\n"
            "             ^^^"
        ),
    ),
    "many problems": (
        ("machine: 7\nsockets: x\ncors: 2\nhz: no\n"),
        (
            "in:1:10: machine of topology must be text, not 7\n"
            "    machine: 7\n"
            "             ^\n"
            "  quote it\n"
            "in:2:10: sockets of topology must be a whole number, not the text 'x'\n"
            "    sockets: x\n"
            "             ^\n"
            "in:3:1: topology has an unknown key 'cors'\n"
            "    cors: 2\n"
            "    ^^^^\n"
            "  did you mean 'cores'?\n"
            "  its keys are: machine, hz, sockets, nodes, llcs, cores, threads, numbering, of"
            "fline, cpus\n"
            "in:4:5: hz of topology must be a whole number, not false\n"
            "    hz: no\n"
            "        ^^"
        ),
    ),
    "hexadecimal": (
        ("cores: 0x10\n"),
        (
            "in:1:8: write the number '0x10' in plain decimal digits\n"
            "    cores: 0x10\n"
            "           ^^^^"
        ),
    ),
    "alias bomb": (
        (ALIAS_BOMB),
        (
            "in:7:20: more than 5000000 values (aliases multiply)\n"
            "    g: &g [*f, *f, *f, *f, *f, *f, *f, *f, *f, *f]\n"
            "                       ^^"
        ),
    ),
    "lscpu table": (
        ("CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE\n  0    0      0    0 0:0:0:0          yes\n"),
        (
            "in:1:1: this is lscpu's output for people, which leaves out what a topology need"
            "s\n"
            "    CPU NODE SOCKET CORE L1d:L1i:L2:L3 ONLINE\n"
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
        ),
    ),
    "lscpu text": (
        ("Architecture:            x86_64\n  CPU op-mode(s):        32-bit, 64-bit\n"),
        (
            "in:1:1: this is lscpu's output for people, which leaves out what a topology need"
            "s\n"
            "    Architecture:            x86_64\n"
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
        ),
    ),
    "json truncated": (
        ('{"cpus": [{"cpu": 0, "node"'),
        (
            "in:1:28: broken JSON: Expecting ':' delimiter\n"
            '    {"cpus": [{"cpu": 0, "node"\n'
            "                               ^"
        ),
    ),
    "json cpus no list": (
        ('{"cpus": 3}'),
        (
            "in: 'cpus' must be a list of 1 to 65536 cpus\n"
            "  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
        ),
    ),
    "json bad cell": (
        ('{"cpus": [{"cpu": 0, "node": 0, "socket": "x", "core": 0, "online": true}]}'),
        ("in: entry 1 of cpus: column SOCKET holds 'x', not a number"),
    ),
    "json no cpu": (
        ('{"cpus": [{"node": 0, "socket": 0, "core": 0}, 7]}'),
        (
            "in: entry 1 of cpus: the row has no CPU number\n"
            "in: entry 2 of cpus: it is not an object"
        ),
    ),
    "json twice": (
        ('{"cpus": [{"cpu": 0, "cpu": 1}]}'),
        ("in: the key 'cpu' is given twice in one object"),
    ),
    "json duplicate cpu": (
        ('{"cpus": [{"cpu": 0, "core": 0}, {"cpu": 0, "core": 1}]}'),
        ("in: entry 2 of cpus: cpu 0 is listed twice"),
    ),
    "json online": (
        ('{"cpus": [{"cpu": 0, "core": 0, "online": "maybe"}]}'),
        ("in: entry 1 of cpus: column ONLINE holds 'maybe', not yes or no"),
    ),
    "json all offline": (
        ('{"cpus": [{"cpu": 0, "core": null, "online": false}]}'),
        ("in: no cpu is online"),
    ),
    "json too large": (
        ('{"cpus": [{"cpu": 70000, "core": 0}]}'),
        ("in: entry 1 of cpus: cpu 70000 is beyond the largest number, 65535"),
    ),
    "json deep": (
        ('{"cpus": ' + "[" * 100_000),
        ("in: JSON nested too deep"),
    ),
    "json long number": (
        ('{"cpus": [{"cpu": ' + "9" * 5000 + "}]}"),
        ("in: JSON with a number that is too long"),
    ),
    "summary translated": (
        ('{"lscpu": [{"field": "Prozessor(en):", "data": "8"}]}'),
        (
            "in: no field 'CPU(s)': is it in another language? (LC_ALL=C lscpu ...)\n"
            "  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
        ),
    ),
    "summary contradicts": (
        (
            '{"lscpu": [{"field": "CPU(s):", "data": "16"}, {"field": "On-line CPU(s) list:",'
            ' "data": "0-15"}, {"field": "Thread(s) per core:", "data": "2"}, {"field": "Core'
            '(s) per socket:", "data": "12"}, {"field": "Socket(s):", "data": "1"}]}'
        ),
        (
            "in: the counts contradict each other: 16 cpus, 16 of them online, but 2 threads "
            "x 12 cores x 1 sockets\n"
            "  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
        ),
    ),
    "summary ambiguous": (
        (
            '{"lscpu": [{"field": "CPU(s):", "data": "8"}, {"field": "Thread(s) per core:", "'
            'data": "2"}, {"field": "Core(s) per socket:", "data": "4"}, {"field": "Socket(s)'
            ':", "data": "1"}]}'
        ),
        (
            "in: the summary does not say which cpus share a core or a socket\n"
            "  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
        ),
    ),
    "lscpu-p header only": (
        (HEADER),
        ("in: it lists no cpu\n  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"),
    ),
    "lscpu-p short row": (
        (HEADER + ("0,0,0,0,,0,0,0,0\n1,0,0\n")),
        (
            "in:3:1: 3 cells under 9 columns (cpu,core,socket,node,,l1d,l1i,l2,l3)\n"
            "    1,0,0\n"
            "    ^^^^^\n"
            "  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
        ),
    ),
    "lscpu-p bad cell": (
        (HEADER + "0,0,zero,0,,0,0,0,0\n"),
        (
            "in:2:1: column SOCKET holds 'zero', not a number\n"
            "    0,0,zero,0,,0,0,0,0\n"
            "    ^^^^^^^^^^^^^^^^^^^"
        ),
    ),
    "lscpu-p twice": (
        (HEADER + ("0,0,0,0,,0,0,0,0\n0,1,0,0,,0,0,0,0\n")),
        ("in:3:1: cpu 0 is listed twice\n    0,1,0,0,,0,0,0,0\n    ^^^^^^^^^^^^^^^^"),
    ),
    "lscpu-p no cpu column": (
        ("# Core,Socket,CPUs\n0,0,1\n"),
        (
            "in:2:1: no comment above names the columns, CPU among them (at most 64)\n"
            "    0,0,1\n"
            "    ^^^^^\n"
            "  use lscpu -J -e=CPU,SOCKET,NODE,CORE,CACHE,ONLINE or lscpu -a -p"
        ),
    ),
    "xml truncated": (
        (XML + ('<object type="PU" os_index="0"/>\n<object type="Co')),
        ('in:2:1: broken XML: unclosed token\n    <object type="Co\n    ^'),
    ),
    "xml bomb": (
        (
            '<?xml version="1.0"?>\n'
            "<!DOCTYPE lolz [\n"
            ' <!ENTITY lol "lol">\n'
            ' <!ENTITY lol2 "&lol;&lol;">\n'
            "]>\n"
            "<topology>&lol2;</topology>"
        ),
        (
            "in:2:16: a DOCTYPE with declarations of its own is not accepted\n"
            "    <!DOCTYPE lolz [\n"
            "                   ^\n"
            "  lstopo --of xml FILE.xml writes one"
        ),
    ),
    "xml external": (
        (
            '<?xml version="1.0"?>\n'
            '<!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
            "<topology>&x;</topology>"
        ),
        (
            "in:2:13: a DOCTYPE with declarations of its own is not accepted\n"
            '    <!DOCTYPE t [<!ENTITY x SYSTEM "file:///etc/passwd">]>\n'
            "                ^\n"
            "  lstopo --of xml FILE.xml writes one"
        ),
    ),
    "xml other": (
        ("<html><body/></html>"),
        (
            "in:1:1: the root element is <html>: this is no hwloc export\n"
            "    <html><body/></html>\n"
            "    ^\n"
            "  lstopo --of xml FILE.xml writes one"
        ),
    ),
    "xml no pu": (
        (XML + "</object></topology>"),
        ("in: the export has no PU, so no cpu\n  lstopo --of xml FILE.xml writes one"),
    ),
    "xml pu without index": (
        (XML + '<object type="PU"/></object></topology>'),
        (
            "in:1:61: a PU without os_index: its cpu number is not known\n"
            '    <topology version="2.0"><object type="Machine" os_index="0"><object type="PU'
            '"/></object></topology>\n'
            "                                                                ^"
        ),
    ),
    "xml pu twice": (
        (
            XML + '<object type="PU" os_index="1"/><object type="PU" os_index="1"/></object></topol'
            "ogy>"
        ),
        (
            "in:1:93: cpu 1 is in the export twice\n"
            '    <topology version="2.0"><object type="Machine" os_index="0"><object type="PU'
            '" os_index="1"/><object type="PU" os_index="1"/></object></topology>\n'
            "                                                                                "
            "                ^"
        ),
    ),
    "xml index": (
        (XML + '<object type="PU" os_index="99999"/></object></topology>'),
        (
            "in:1:61: os_index is '99999', not a number of 0 to 65535\n"
            '    <topology version="2.0"><object type="Machine" os_index="0"><object type="PU'
            '" os_index="99999"/></object></topology>\n'
            "                                                                ^"
        ),
    ),
    "xml cpuset": (
        (XML + '<object type="NUMANode" os_index="0" cpuset="0xf...f"/></object></topology>'),
        (
            "in:1:61: a cpuset has the word '0xf...f', not 32 bits in hexadecimal\n"
            '    <topology version="2.0"><object type="Machine" os_index="0"><object type="NU'
            'MANode" os_index="0" cpuset="0xf...f"/></object></topology>\n'
            "                                                                ^"
        ),
    ),
    "xml deep": (
        ("<topology>" + '<object type="Group">' * 300),
        (
            "in:1:5366: nested deeper than 256 elements\n"
            '    ect type="Group"><object type="Group"><object type="Group"><object type="Gro'
            'up"><object type="Group"><object type="Group"><object type="Group"><object type='
            '"Gro\n'
            "                                                                                "
            "    ^"
        ),
    ),
    "xml cpuset huge": (
        (XML + '<object type="NUMANode" os_index="0" cpuset="' + "," * 3000 + '"/>'),
        (
            "in:1:61: a cpuset of over 65536 numbers\n"
            '    <topology version="2.0"><object type="Machine" os_index="0"><object type="NU'
            'MANode" os_index="0" cpuset=",,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,'
            ",,,,\n"
            "                                                                ^"
        ),
    ),
    "synth junk": (
        ("pack:2 quark:3 pu:2"),
        (
            "in:1:8: 'quark' is not a type of level\n"
            "    pack:2 quark:3 pu:2\n"
            "           ^^^^^^^\n"
            "  types: package, die, numanode, group, l1 to l9 (l1d, l1i, l2u), core, pu"
        ),
    ),
    "synth zero": (
        ("pack:0 pu:2"),
        (
            "in:1:1: a level of 0 objects leaves no cpu\n"
            "    pack:0 pu:2\n"
            "    ^^^^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth no pu": (
        ("pack:2 core:4"),
        (
            "in:1:8: the last level is core, not pu\n"
            "    pack:2 core:4\n"
            "           ^^^^^^\n"
            "  add pu:1 or pu:2"
        ),
    ),
    "synth huge": (
        ("pack:99999 core:99999 pu:99"),
        (
            "in:1:1: more than 65536 cpus: the counts multiply\n"
            "    pack:99999 core:99999 pu:99\n"
            "    ^^^^^^^^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth huge digits": (
        ("pack:" + "9" * 400 + " pu:1"),
        (
            "in:1:1: more than 65536 cpus: the counts multiply\n"
            "    pack:99999999999999999999999999999999999999999999999999999999999999999999999"
            "99999999999999999999999999999999999999999999999999999999999999999999999999999999"
            "9999\n"
            "    ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"
            "^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^"
            "^^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth two cores": (
        ("core:2 core:2 pu:1"),
        (
            "in:1:8: two core levels\n"
            "    core:2 core:2 pu:1\n"
            "           ^^^^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth pack in core": (
        ("core:2 pack:2 pu:1"),
        (
            "in:1:8: a package inside a core\n"
            "    core:2 pack:2 pu:1\n"
            "           ^^^^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth words": (
        ("pack:2 and more"),
        (
            "in:1:8: 'and' is not TYPE:COUNT nor [NUMANode]\n"
            "    pack:2 and more\n"
            "           ^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth bare mix": (
        ("pack:2 3 4"),
        (
            "in:1:8: a count without its type\n"
            "    pack:2 3 4\n"
            "           ^\n"
            "  give all types, or none, or leave out the last one (pu)"
        ),
    ),
    "synth untyped in the middle": (
        ("2 core:2 2"),
        (
            "in:1:1: a count without its type\n"
            "    2 core:2 2\n"
            "    ^\n"
            "  give all types, or none, or leave out the last one (pu)"
        ),
    ),
    "synth index count": (
        ("pack:2 pu:2(indexes=0,1,2)"),
        (
            "in:1:8: indexes=: 3 numbers for 4 objects\n"
            "    pack:2 pu:2(indexes=0,1,2)\n"
            "           ^^^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth index twice": (
        ("pack:2 pu:2(indexes=0,1,2,2)"),
        (
            "in:1:8: indexes=: '0,1,2,2' gives one number to two objects\n"
            "    pack:2 pu:2(indexes=0,1,2,2)\n"
            "           ^^^^^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth index loop": (
        ("pack:2 pu:2(indexes=3*2)"),
        (
            "in:1:8: indexes=: the loops meet some object twice\n"
            "    pack:2 pu:2(indexes=3*2)\n"
            "           ^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth index core": (
        ("pack:2 core:2(indexes=0,1,2) pu:2"),
        (
            "in:1:8: indexes=: 3 numbers for 4 objects\n"
            "    pack:2 core:2(indexes=0,1,2) pu:2\n"
            "           ^^^^^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth index twice over": (
        ("pack:2 core:2 pu:2(indexes=core:pack:core)"),
        (
            "in:1:15: indexes=: a level is named twice\n"
            "    pack:2 core:2 pu:2(indexes=core:pack:core)\n"
            "                  ^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth index of nothing": (
        ("pu:2(indexes=0*2)"),
        (
            "in:1:1: indexes=: a loop of 0\n"
            "    pu:2(indexes=0*2)\n"
            "    ^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth index uneven": (
        ("core:3 [numa(indexes=l2)] l2:2 [numa] pu:2"),
        (
            "in:1:8: indexes=: 9 objects do not go evenly into 6 of l2\n"
            "    core:3 [numa(indexes=l2)] l2:2 [numa] pu:2\n"
            "           ^^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth index division": (
        ("core:2 pu:2(indexes=3*3)"),
        (
            "in:1:8: indexes=: the loops do not divide 4 objects\n"
            "    core:2 pu:2(indexes=3*3)\n"
            "           ^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth attribute": (
        ("pack:2 pu:2(colour=red)"),
        (
            "in:1:13: the attribute 'colour=red' is not known\n"
            "    pack:2 pu:2(colour=red)\n"
            "                ^^^^^^^^^^\n"
            "  attributes: indexes=, memory=, size=, memorysidecachesize="
        ),
    ),
    "synth unclosed": (
        ("pack:2(memory=1 pu:2"),
        (
            "in:1:1: 'pack:2(memory=1' is not TYPE:COUNT nor [NUMANode]\n"
            "    pack:2(memory=1 pu:2\n"
            "    ^^^^^^^^^^^^^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth nodes twice": (
        ("[numa] pack:2 numa:2 pu:2"),
        (
            "in:1:1: NUMA nodes as a level and in brackets\n"
            "    [numa] pack:2 numa:2 pu:2\n"
            "    ^^^^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth empty": (
        ("[numa]"),
        (
            "in:1:1: there is no level, so no cpu\n"
            "    [numa]\n"
            "    ^^^^^^\n"
            "  for example: pack:2 numa:1 l3:1 core:4 pu:2"
        ),
    ),
    "synth index unread": (
        ("pack:2 pu:2(indexes=!)"),
        (
            "in:1:8: indexes=: '!' cannot be read\n"
            "    pack:2 pu:2(indexes=!)\n"
            "           ^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "synth index type": (
        ("pack:2 pu:2(indexes=core)"),
        (
            "in:1:8: indexes=: there is no level 'core' to go over\n"
            "    pack:2 pu:2(indexes=core)\n"
            "           ^^^^^^^^^^^^^^^^^^\n"
            "  a list of numbers, STEP*COUNT:..., or types"
        ),
    ),
    "xml entity in a doctype without subset": (
        ('<topology><object type="Machine">&nbsp;</object></topology>'),
        (
            "in:1:34: broken XML: undefined entity\n"
            '    <topology><object type="Machine">&nbsp;</object></topology>\n'
            "                                     ^"
        ),
    ),
    "lscpu-p too large": (
        ("# CPU,Core\n70000,0\n"),
        ("in:2:1: cpu 70000 is beyond the largest number, 65535\n    70000,0\n    ^^^^^^^"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_a_wrong_machine_is_refused_with_its_place_and_a_remedy(case: str) -> None:
    text, error = CASES[case]
    with pytest.raises(Refused) as refusal:
        parse_machine(text, "in")
    assert "\n".join(map(format_problem, refusal.value.problems)) == error
