"""The registry as units of systemd."""

from __future__ import annotations

import os
from collections.abc import Sequence

from usched.actions.context import Context
from usched.actions.plan import check_plannable
from usched.actions.read import read_joined
from usched.plan.systemd_units import Units, format_units, is_slice
from usched.world.linux.cgroups import read_kernel
from usched.world.paths import SYSTEM_REGISTRY


def make_units(context: Context, program: Sequence[str]) -> Units:
    """program: the words that run usched. Raises as a plan does."""
    kernel = read_kernel(context.root)
    tree, hands = read_joined(context)
    check_plannable(context, tree)
    registry = os.path.abspath(context.registry)
    if registry != SYSTEM_REGISTRY:
        program = (*program, "--registry", registry)
    grants = [part.granted.grant for part in hands.parts.values()]
    folder = os.path.dirname(registry)
    return format_units(tree, kernel, grants, program, folder)


def find_leftovers(folder: str, units: Units) -> list[str]:
    """Slices in a folder that some earlier registry left there."""
    written = {unit.name for unit in units.files}
    slices = (name for name in os.listdir(folder) if is_slice(name))
    return sorted(name for name in slices if name not in written)
