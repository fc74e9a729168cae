"""What the benchmark says of whole structures is the time of the real assets, none of them left out."""

import pytest

from benchmarks import whole
from benchmarks.clock import cpu_of
from hrtem_assets_tests.small import CONDITIONS, SPECIMEN, small_campaign


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(whole, "campaign_a", lambda phonons: small_campaign())
    monkeypatch.setattr(whole, "SPECIMEN", SPECIMEN)
    monkeypatch.setattr(whole, "CONDITIONS", CONDITIONS)


@pytest.mark.slow
def test_making_and_writing_of_every_stage_take_time_and_are_part_of_all_of_it(small):
    found = whole.measure_ours(2, 1)
    parts = [seconds for asset in found["assets"].values() for seconds in asset.values()]
    assert list(found["assets"]) == list(whole.MADE)
    assert all(seconds > 0 for seconds in parts)
    assert sum(parts) + found["open_and_publish"] == pytest.approx(found["cpu_s"])


def test_a_method_that_is_not_called_is_an_error_and_not_a_time_of_nothing():
    with pytest.raises(RuntimeError, match=r"Some\.step was not called"), cpu_of(Some, "step"):
        pass


class Some:
    def step(self):
        """Never called."""
