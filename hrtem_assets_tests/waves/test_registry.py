"""Every engine that a campaign can name computes, and carries what is asked of an engine."""

from typing import get_args

import pytest

from hrtem_assets.campaign import Simulation
from hrtem_assets.campaign.engines import DECLARATIONS, EngineName, idle_settings
from hrtem_assets.waves.agreement import Bounds
from hrtem_assets.waves.engine import ExitWaveEngine
from hrtem_assets.waves.registry import ENGINES, engine, runs_on_devices


def test_campaigns_choose_among_the_engines_that_compute():
    assert list(DECLARATIONS) == list(ENGINES) == list(get_args(EngineName))
    assert all(issubclass(ENGINES[name], declared) for name, declared in DECLARATIONS.items())


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_carries_its_versions_its_bounds_and_its_place_of_work(name):
    made = engine(name)
    assert isinstance(made, ExitWaveEngine)
    assert made.name == name
    assert {"code", *made.packages} <= set(made.versions())
    assert isinstance(made.bounds, Bounds)
    assert set(made.bounded_fields) <= set(made.fields.model_fields)
    assert runs_on_devices(name) == (name == "fused")


def test_fields_of_an_engine_are_fields_of_the_simulation_and_idle_in_all_others():
    owners: dict[str, str] = {}
    for name, declared in DECLARATIONS.items():
        for field in declared.fields.model_fields:
            assert field not in owners
            assert field in Simulation.model_fields
            owners[field] = name
    for name in DECLARATIONS:
        idle = idle_settings(name)
        assert {field for field, owner in owners.items() if owner != name} <= idle
        assert not {field for field, owner in owners.items() if owner == name} & idle
        assert idle <= set(Simulation.model_fields)
    assert idle_settings("fused") == {"prismatic"}
    assert idle_settings("abtem") == {"fused_mode", "prismatic"}
    assert idle_settings("prismatic") == {"fused_mode", "projection"}
