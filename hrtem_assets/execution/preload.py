"""What worker processes compute with, loaded once by the server that they are copies of."""

from importlib import import_module

from hrtem_assets.execution.workers import use_one_thread

use_one_thread()
import_module("hrtem_assets.execution.fill")
