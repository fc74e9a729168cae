"""What becomes of engines that cannot be compared; that real engines agree is tested with the platform's check."""

import numpy as np
import pytest

from hrtem_assets.waves import cross_check
from hrtem_assets.waves.engine import EngineNotInstalledError, ExitWaves
from hrtem_assets.waves.engines.abtem import AbtemEngine
from hrtem_assets_tests.small import SPECIMEN, small_campaign


class Grating(AbtemEngine):
    def exit_waves(self, atoms, simulation):
        phase = np.random.default_rng(0).normal(size=(1, 160, 160))
        wave = np.exp(0.1j * phase).astype(np.complex64)
        return ExitWaves(wave, wave)


class Missing(Grating):
    def exit_waves(self, atoms, simulation):
        raise EngineNotInstalledError("pip install it")


class Picky(Grating):
    @classmethod
    def check(cls, simulation):
        raise ValueError(f"parametrization = {simulation.parametrization!r}: set it to lobato")


def test_engines_that_are_missing_or_unsuited_are_named_with_the_reason_and_the_others_compared(monkeypatch):
    engines = {"abtem": Grating, "same": Grating, "missing": Missing, "picky": Picky}
    monkeypatch.setattr(cross_check, "ENGINES", engines)
    campaign = small_campaign()
    result = cross_check.cross_check(campaign, campaign.specimen(SPECIMEN))
    assert result.agreements["same"].correlation == pytest.approx(1)
    assert set(result.agreements) == {"same"}
    assert not result.broken
    assert result.absent == {
        "missing": "pip install it",
        "picky": "it cannot follow the settings of this check: parametrization = 'kirkland': set it to lobato",
    }
