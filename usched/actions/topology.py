"""The registry's topology: declared, replaced, forgotten; validated like any other change."""

from __future__ import annotations

from typing import NamedTuple

from usched.actions.context import Context, TopologyInForce, change_registry, find_host
from usched.meaning.history import Draft, NewTopology, describe_topology
from usched.meaning.reach import Moved, compare_reach
from usched.meaning.resolver import Resolver
from usched.meaning.warnings import find_new_warnings
from usched.meaning.working_copy import Change
from usched.words.machine import Topology
from usched.words.problems import EnvironmentFailed, Problem, Refused
from usched.world.paths import may_have_parts
from usched.world.registry_file import may_write
from usched.world.store import Store


class News(NamedTuple):
    """What a change means for schedulers that it does not name. moved: those whose real cpus
    differ; warnings: what `usched check` would warn of only now; back, aside: those of others that
    hold again, and that hold no longer."""

    moved: tuple[Moved, ...] = ()
    warnings: tuple[Problem, ...] = ()
    back: tuple[Change, ...] = ()
    aside: tuple[Moved, ...] = ()

    def all_moved(self) -> tuple[Moved, ...]:
        """As the log has it: with who has no real cpus any more, or had none."""
        return (*self.moved, *(each.moved for each in self.back), *self.aside)


def declare_topology(
    context: Context, topology: Topology, dry_run: bool = False, strand: bool = False
) -> News | None:
    """Make a topology the registry's; None if it was so before.

    Raises Refused if a scheduler is left out (of others' parts: without `strand`), NotPermitted
    for who only holds a part.
    """
    _require_owner(context)

    def declare(store: Store, context: Context) -> tuple[News | None, list[Draft]]:
        if topology == store.topology():
            return None, []
        return _replace_topology(store, context, topology, NewTopology(topology), strand)

    return change_registry(context, dry_run, declare)


def forget_topology(
    context: Context, dry_run: bool = False, strand: bool = False
) -> tuple[TopologyInForce, News] | None:
    """Go back to the machine at hand; None if no topology was declared. And what that changes."""
    _require_owner(context)

    def forget(
        store: Store, context: Context
    ) -> tuple[tuple[TopologyInForce, News] | None, list[Draft]]:
        if store.topology() is None:
            return None, []
        host = find_host(context)
        news, drafts = _replace_topology(store, context, host.topology, NewTopology(None), strand)
        return (host, news), drafts

    return change_registry(context, dry_run, forget)


def _require_owner(context: Context) -> None:
    if may_have_parts(context.registry) or not may_write(context.registry):
        from usched.actions.parts import require_owner

        require_owner(context, "the topology")


def _replace_topology(
    store: Store, context: Context, machine: Topology, declared: NewTopology, strand: bool
) -> tuple[News, list[Draft]]:
    news = weigh_topology(store, context, machine, strand)
    text = "topology forget" if declared.topology is None else describe_topology(machine)
    return news, [Draft(store.last_revision() + 1, text, (), declared, news.all_moved())]


def weigh_topology(store: Store, context: Context, new: Topology, strand: bool = False) -> News:
    """What a new topology changes for the schedulers that there are.

    Raises Refused where one of them no longer fits, naming all of these; of what others declare in
    their parts, only without `strand`.
    """
    registry = store.registry()
    old = store.topology()
    after = Resolver(registry, new)
    if problems := after.find_misfits():
        if old is not None:
            known = {problem.name for problem in Resolver(registry, old).find_misfits()}
            problems = [problem for problem in problems if problem.name not in known]
        if problems:
            from usched.meaning.remedies import add_remedies

            raise Refused(add_remedies(problems, registry, old, new))
    if not len(registry):
        return News()
    if old is None:
        try:
            old = find_host(context.quiet).topology
        except EnvironmentFailed:
            return News()  # no machine is at hand: nothing could be reached
    if not store.has_grants():
        return compare_machines(Resolver(registry, old), after)
    from usched.actions.read_parts import find_parts
    from usched.actions.standing import Seen
    from usched.meaning.joined import join, require_unstranded

    parts = find_parts(store, context.registry)
    before, now = join(registry, parts, old), join(registry, parts, new)
    require_unstranded(before, now, strand)
    seen = Seen(before, now, old, new)
    news = compare_machines(seen.then, seen.now)
    return news._replace(back=tuple(seen.find_back()), aside=tuple(seen.find_aside()))


def compare_machines(old: Resolver, new: Resolver) -> News:
    names = dict.fromkeys((*old.names(), *new.names()))
    return News(tuple(compare_reach(old, new)), tuple(find_new_warnings(old, new, names)))
