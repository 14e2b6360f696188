"""Where an action takes place: which registry, which machine, and where they come from."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext
from typing import NamedTuple, TypeVar

from usched.meaning.history import Draft
from usched.words.cpuset import count_cpus
from usched.words.machine import Topology
from usched.words.problems import EnvironmentFailed, NoSuchName, Problem
from usched.world.author import find_author
from usched.world.paths import make_default, may_have_parts
from usched.world.registry_file import check_folder, is_new, require_writable
from usched.world.store import Store, open_store
from usched.world.strangers import forbid

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

    @property
    def quiet(self) -> Context:
        """The same, where nothing is to be told, or it was told before."""
        return self._replace(tell=lambda _: None)


class Wish(NamedTuple):
    """How a change is to be made. look: whether to look for what would be warned of.
    strand: whether schedulers of others may be left without a place."""

    dry_run: bool = False
    look: bool = True
    strand: bool = False


AS_IT_IS = Wish()


@contextmanager
def open_registry(context: Context, write: bool = False) -> Iterator[Store]:
    """The registry for one transaction (see `open_store`)."""
    if write and context.is_default:
        try:
            make_default(context.registry)
        except OSError as error:
            what = f"the folder of {context.registry} cannot be made: {error.strerror}"
            remedy = "name another: --registry PATH"
            if isinstance(error, PermissionError):
                raise forbid(what, remedy) from error
            raise EnvironmentFailed(Problem(what, None, remedy)) from error
    if not context.is_default:  # the default's folder is made with it
        check_folder(context.registry)
    with open_store(context.registry, write, context.wait) as store:
        yield store


class TopologyInForce(NamedTuple):
    """The topology in force. origin: `declared`, `given` or `host`."""

    topology: Topology
    origin: str


def find_machine(store: Store, context: Context) -> TopologyInForce:
    """The topology given with the command, else the declared one, else this machine's."""
    return find_machine_of(store.topology(), context)


def find_machine_of(declared: Topology | None, context: Context) -> TopologyInForce:
    """As `find_machine`, where this is what is declared."""
    if context.topology is not None:
        from usched.world.topology_file import load_topology

        topology, notes = load_topology(context.topology)
        for note in notes:
            context.tell(note)
        return TopologyInForce(topology, "given")
    if declared is not None:
        return TopologyInForce(declared, "declared")
    return find_host(context)


def find_host(context: Context) -> TopologyInForce:
    """The machine at hand, from its /sys."""
    from usched.world.host import detect_topology

    topology, notes = detect_topology(context.root)
    context.tell(
        "no topology is declared: using this machine's "
        f"({count_cpus(topology.all, topology.offline)})"
    )
    for note in notes:
        context.tell(note)
    return TopologyInForce(topology, "host")


def change_registry(
    context: Context,
    dry_run: bool,
    action: Callable[[Store, Context], tuple[R, Sequence[Draft]]],
) -> R:
    """Perform an action on the registry and write the revisions that it gives, all or none.

    Where the first write would make the registry, the action is tried before: one that is refused
    must leave no file behind, and a file that others may have open cannot safely be taken away
    again. It is performed once more where somebody else made the registry in between.
    """

    def make_room(drafts: Sequence[Draft]) -> None:
        if any(draft.grants for draft in drafts):
            from usched.actions.parts import make_room

            make_room((), drafts, context)

    def shut() -> AbstractContextManager[None]:
        if not may_have_parts(context.registry):
            return nullcontext()
        from usched.world.part_gates import Gates

        return Gates(context.registry, (), context.tell).shut()

    opened = Opened(
        lambda write: open_registry(context, write), is_new(context.registry), make_room, shut
    )
    result = change_store(opened, context, dry_run, action)
    if dry_run:
        require_writable(context.registry)
    return result


class Opened(NamedTuple):
    """A store to be changed. open: it for one transaction, which writes or does not. new: whether
    it is yet to be made. make_room: for what revisions grant, before they are written. shut: keeps
    those who hold a part of it from writing."""

    open: Callable[[bool], AbstractContextManager[Store]]
    new: bool
    make_room: Callable[[Sequence[Draft]], None]
    shut: Callable[[], AbstractContextManager[None]]


def change_store(
    opened: Opened,
    context: Context,
    dry_run: bool,
    action: Callable[[Store, Context], tuple[R, Sequence[Draft]]],
) -> R:
    """As `change_registry`, on any store."""
    if dry_run:
        with opened.open(False) as store:
            return action(store, context)[0]
    if opened.new:
        with opened.open(False) as store:
            result, drafts = action(store, context)
        if not drafts:
            return result
        with opened.open(True) as store:
            if store.last_revision() == 0:  # as it was when this was tried
                opened.make_room(drafts)
                store.write_revisions(drafts, find_author())
                return result
        context = context.quiet
    with ExitStack() as until_written, opened.open(True) as store:
        until_written.enter_context(opened.shut())
        result, drafts = action(store, context)
        opened.make_room(drafts)
        store.write_revisions(drafts, find_author())
    return result


def require_revision(store: Store, number: int, part: str = "") -> None:
    """Raises NoSuchName for a revision that there is not. part: of whose store, "" for the
    registry."""
    last = store.last_revision()
    if not 0 <= number <= last:
        has = f"0 to {last}" if last else f"only 0, the empty {'part' if part else 'registry'}"
        what = f"there is no revision {number}" + (f" of your part of {part}" if part else "")
        raise NoSuchName(Problem(what, None, f"revisions are {has}"))
