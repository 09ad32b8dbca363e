"""Settings of all servers that are made after it; a ``conftest.py`` or the package of the tests imports it."""

from pathlib import Path

from fastapi_testing import Config, global_config

global_config.update(Config.from_file(Path(__file__).with_name("settings.toml")))
global_config.update(Config.from_env())  # FASTAPI_TESTING_PORT_RANGE_END=8149, say
