"""What is printed after a command has been interrupted."""

import subprocess
import sys

import pytest

LEAKING = """
from hrtem_assets.base import interruption
{prepare}
from multiprocessing import get_context
lock = get_context("spawn").Lock()
import os, sys
print(interruption.SENTENCE, file=sys.stderr, flush=True)
os._exit(interruption.EXIT_CODE)
"""


@pytest.mark.parametrize("prepare", ["", "interruption.prepare()"])
def test_nothing_is_said_after_the_last_line_of_a_process_that_left_a_semaphore(prepare: str) -> None:
    process = subprocess.run(
        [sys.executable, "-c", LEAKING.format(prepare=prepare)], capture_output=True, text=True, timeout=60
    )
    assert process.returncode == 130
    # Python's process for what is left holds the pipe until it has cleared up: all it says has been read
    assert ("leaked semaphore" in process.stderr) == (not prepare), process.stderr
