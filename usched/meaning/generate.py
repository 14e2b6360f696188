"""Periodic lwps drawn from a seed, as for published experiments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from usched.meaning.draws import Draws
from usched.meaning.utilisations import MAX_DRAWN, randfixedsum, uunifast_discard
from usched.words.problems import Problem, Refused
from usched.words.workload import Program, Workload


@dataclass(frozen=True, slots=True)
class Recipe:
    """What is drawn. total: the sum of all utilisations. periods: lowest and highest, in ticks.
    algorithm: one of ALGORITHMS. is_log: the logarithms of the periods are uniform, else they
    themselves. schedulers: the lwps go to them in turn. hz: None for the topology's."""

    lwps: int
    total: float
    periods: tuple[int, int]
    seed: int
    algorithm: str
    is_log: bool
    schedulers: Sequence[str]
    hz: int | None


def generate_workload(recipe: Recipe) -> Workload:
    """All utilisations are drawn, then all periods. An lwp runs the nearest whole number of ticks,
    at least 1, of every period, for ever.

    Raises Refused where UUniFast-Discard discards all that it draws.
    """
    draws = Draws(recipe.seed)
    shares = _draw_shares(draws, recipe)
    low, high = recipe.periods
    draw = draws.log_uniform if recipe.is_log else draws.whole
    programs = []
    for number, share in enumerate(shares):
        period = draw(low, high)
        run = min(period, max(1, int(share * period + 0.5)))
        scheduler = recipe.schedulers[number % len(recipe.schedulers)]
        bursts = ((run, 0),)
        programs.append(
            Program(f"t{number}", scheduler, bursts, repeat=None, period=period, deadline=period)
        )
    return Workload(f"generated-{recipe.seed}", tuple(programs), (), recipe.hz)


def _draw_shares(draws: Draws, recipe: Recipe) -> list[float]:
    if recipe.algorithm == "randfixedsum":
        return randfixedsum(draws, recipe.lwps, recipe.total)
    shares = uunifast_discard(draws, recipe.lwps, recipe.total)
    if shares is None:
        what = (
            f"UUniFast-Discard drew {MAX_DRAWN:,} utilisations, and in every set one was over 1: "
            f"{recipe.total:g} is too much for {recipe.lwps} lwps"
        )
        raise Refused(Problem(what, remedy="add: --algorithm randfixedsum", rule="generate"))
    return shares


def reached(workload: Workload) -> float:
    """The sum of all utilisations, in whole ticks."""
    return sum(program.bursts[0][0] / (program.period or 1) for program in workload.programs)
