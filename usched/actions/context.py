"""Where an action takes place: which registry, which machine, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple, TypeVar

from usched.words.cpuset import count_cpus
from usched.words.machine import Topology
from usched.words.problems import EnvironmentFailed, Problem, Refused
from usched.world.places import make_folder
from usched.world.registry_file import check_folder, is_new
from usched.world.store import Store, open_store

R = TypeVar("R")


class Context(NamedTuple):
    """What the options say. topology: a file or synthetic string for this command, or None.

    root: where the machine's /sys is looked for. wait: seconds to wait for another writer.
    is_default: whether nobody named the registry, so that its folder may have to be made.
    tell: takes each sentence on what had to be assumed about the machine.
    """

    registry: str
    tell: Callable[[str], None]
    topology: str | None = None
    root: str = "/"
    wait: float = 10.0
    is_default: bool = False


@contextmanager
def open_registry(context: Context, write: bool = False) -> Iterator[Store]:
    """The registry for one transaction (see `open_store`)."""
    if write and context.is_default:
        try:
            make_folder(context.registry)
        except OSError as error:
            what = f"the folder of {context.registry} cannot be made: {error.strerror}"
            raise EnvironmentFailed(Problem(what, None, "name another: --registry PATH")) from error
    if not context.is_default:  # the default's folder is made with it
        check_folder(context.registry)
    with open_store(context.registry, write, context.wait) as store:
        yield store


class Machine(NamedTuple):
    """The topology in force. origin: `declared`, `given` or `host`."""

    topology: Topology
    origin: str


def find_machine(store: Store, context: Context) -> Machine:
    """The topology given with the command, else the declared one, else this machine's."""
    return find_machine_of(store.topology_record(), context)


def find_machine_of(record: str | None, context: Context) -> Machine:
    """As `find_machine`, where this is the record of what is declared."""
    if context.topology is not None:
        from usched.world.topology_file import load_topology

        topology, notes = load_topology(context.topology)
        for note in notes:
            context.tell(note)
        return Machine(topology, "given")
    if record is not None:
        return Machine(read_record(record), "declared")
    return find_host(context)


def find_host(context: Context) -> Machine:
    """The machine at hand, from its /sys."""
    from usched.world.host import detect_topology

    topology, notes = detect_topology(context.root)
    context.tell(
        "no topology is declared: using this machine's "
        f"({count_cpus(topology.all, topology.offline)})"
    )
    for note in notes:
        context.tell(note)
    return Machine(topology, "host")


def write_record(topology: Topology) -> str:
    """A topology as the registry keeps it: one line of JSON, the same for the same machine."""
    import json

    from usched.text.topology.mapping import topology_record

    return json.dumps(topology_record(topology), separators=(",", ":"))


def read_record(record: str) -> Topology:
    import json

    from usched.text.topology.mapping import parse_topology
    from usched.words.located import locate

    try:
        raw = json.loads(record)
        if not isinstance(raw, dict) or "machine" not in raw:
            raise ValueError("no machine")
        return parse_topology(locate(raw))
    except (ValueError, RecursionError, Refused) as error:
        what = f"the topology in the registry is damaged: {record[:60]!r}"
        raise EnvironmentFailed(Problem(what, None, "put the file back from a copy")) from error


def rehearse(context: Context, dry_run: bool, action: Callable[[Context, bool], R]) -> R:
    """Perform an action, given where and whether dry. Where its first write would make the
    registry it is tried without writing before: one that is refused must leave no file behind,
    and a file that others may have open cannot safely be taken away again."""
    if not dry_run and is_new(context.registry):
        action(context, True)
        context = context._replace(tell=lambda _: None)
    return action(context, dry_run)
