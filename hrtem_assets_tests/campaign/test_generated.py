"""Campaigns by chance: each is read, or refused in a sentence, in time; and what is read can be built.

As many as `HRTEM_TESTS_FUZZ` says, 300 if it is not set, from the number `HRTEM_TESTS_FUZZ_SEED` on.
"""

import os
import shutil
import signal
import time
from collections import Counter
from contextlib import contextmanager
from pathlib import Path

import pytest

from hrtem_assets.campaign import CampaignError, load_campaign
from hrtem_assets.specimen.assembly import build_structure
from hrtem_assets_tests.campaign.generated import CIF, campaign_file

CRYSTALS = Path(__file__).parents[1] / "data" / "crystals"
FILES = int(os.environ.get("HRTEM_TESTS_FUZZ", "300"))
FIRST = int(os.environ.get("HRTEM_TESTS_FUZZ_SEED", "0"))
MOST_SECONDS = 5
# beyond it a structure is not tiny, and is built nowhere here
MOST_VOLUME_A3 = 200_000


class TooSlowError(BaseException):
    """More seconds of the processor than allowed; no `except Exception` keeps it."""


@contextmanager
def within(seconds: float):
    """End a block that takes more time of this process's processor than allowed, however busy the machine is."""

    def end(*_: object) -> None:
        raise TooSlowError

    before = signal.signal(signal.SIGVTALRM, end)
    signal.setitimer(signal.ITIMER_VIRTUAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def outcome(path) -> tuple[str, str]:
    """What became of a campaign file: a word, and what is wrong, which is nothing for most."""
    try:
        with within(MOST_SECONDS):
            campaign = load_campaign(path)
    except CampaignError as error:
        return "refused", "" if str(path) in str(error) and len(
            str(error)
        ) < 20_000 else f"says {str(error)[:300]!r}"
    except TooSlowError:
        return "slow", f"took more than {MOST_SECONDS} s"
    except Exception as error:
        return "foreign", f"raised {type(error).__name__}: {str(error)[:300]}"
    substrate, cell_a = campaign.substrate, campaign.simulation.cell_a
    for specimen in list(campaign.specimens.values())[-2:]:
        height_a = substrate.thickness_max_a + 2 * specimen.size.radius_max_a
        if cell_a**2 * height_a > MOST_VOLUME_A3:
            return "large", ""
        try:
            with within(4 * MOST_SECONDS):
                build_structure(campaign, specimen, 0)
        except TooSlowError:
            return "built", f"{specimen.key} took more than {4 * MOST_SECONDS} s to build"
        except Exception as error:
            return "built", f"{specimen.key} could not be built, {type(error).__name__}: {str(error)[:300]}"
    return "built", ""


@pytest.mark.timeout(300 + FILES)
def test_every_campaign_is_read_or_refused_in_a_sentence_and_what_is_read_can_be_built(tmp_path):
    path, wrong, became = tmp_path / "campaign.yaml", [], Counter[str]()
    shutil.copy(CRYSTALS / "hm_unspaced.cif", tmp_path / CIF)
    began = time.process_time()
    for number in range(FIRST, FIRST + FILES):
        path.write_bytes(campaign_file(number))
        word, words = outcome(path)
        became[word] += 1
        wrong += [f"campaign_file({number}) {words}"] if words else []
    print(f"{became} in {time.process_time() - began:.0f} s")
    assert not wrong, f"{len(wrong)} of {FILES}:\n" + "\n".join(wrong[:40])
    # chance has to reach both ends
    assert became["built"] + became["large"] > FILES // 10 and became["refused"] > FILES // 4
