"""Every registered engine is held to stored waves of five lattices by three independent calculations."""

from dataclasses import replace

import pytest

from hrtem_assets.waves.agreement import INDEPENDENT, SAME_ALGORITHM, agreement
from hrtem_assets.waves.registry import ENGINES, engine
from hrtem_assets_tests.waves.atoms import REFERENCE_LATTICES, reference_atoms, reference_simulation

OWN_WAVES = {"abtem": "abtem_infinite", "fused": "abtem_infinite", "prismatic": "prismatic"}
# the stored waves of abTEM were cut at the Nyquist frequency otherwise
OWN_BOUNDS = replace(SAME_ALGORITHM, most_relative_difference=0.003)


@pytest.mark.parametrize("lattice", REFERENCE_LATTICES)
@pytest.mark.parametrize(
    "name", [pytest.param(n, marks=pytest.mark.prismatic if n == "prismatic" else ()) for n in ENGINES]
)
def test_an_engine_repeats_its_own_waves_and_agrees_with_the_others(name, lattice):
    atoms, references = reference_atoms(lattice)
    simulation = reference_simulation()
    wave = engine(name).exit_waves(atoms, simulation).full[0]
    for reference, stored in references.items():
        bounds = OWN_BOUNDS if reference == OWN_WAVES.get(name) else INDEPENDENT
        result = agreement(wave, stored, simulation.output_sampling_a)
        assert not bounds.broken(result), (reference, result)
