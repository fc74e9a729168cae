"""What a store costs grows with its structures, and no faster: counted in calls, which no other load disturbs."""

import cProfile
import pstats
from collections.abc import Callable
from functools import partial

from hrtem_assets.store.build import structures_made
from hrtem_assets.store.checked import open_partition
from hrtem_assets.store.layout import Layout
from hrtem_assets_tests.store.test_build import PARTITION, fill, make_recipe

COUNTS = (24, 48, 72)


def calls(work: Callable[[], object]) -> int:
    """Function calls of some work in this thread."""
    with cProfile.Profile() as profile:
        work()
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


def test_making_extending_and_opening_grow_in_proportion(tmp_path):
    recipe = make_recipe()
    made: dict[str, list[int]] = {"make": [], "extend": [], "open": []}
    # imports and first uses
    fill(Layout(tmp_path / "first"), recipe, 3)
    fill(Layout(tmp_path / "first"), recipe, 4)
    for count in COUNTS:
        layout = Layout(tmp_path / str(count))
        made["make"].append(calls(partial(fill, layout, recipe, count)))
        made["extend"].append(calls(partial(fill, layout, recipe, count + 1)))
        made["open"].append(calls(partial(open_partition, layout, PARTITION)))
        assert structures_made(layout, PARTITION, recipe) == count + 1
    for name, (first, second, third) in made.items():
        # equal steps cost equally; in what grows faster the second step costs more
        assert third - second <= 1.1 * max(second - first, 0.01 * first), (name, made[name])
