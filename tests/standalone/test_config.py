"""Settings: their defaults, where they come from, and what is wrong with them."""

import copy
import os
import pickle
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from fastapi_testing.errors import ConfigurationError
from fastapi_testing.standalone import Config

NAMES = (
    "WS_MAX_MESSAGE_SIZE, WS_MAX_QUEUE_SIZE, HTTP_MAX_KEEPALIVE, HTTP_MAX_CONNECTIONS, WS_RETRY_ATTEMPTS, "
    "WS_RETRY_DELAY, PORT_RANGE_START, PORT_RANGE_END"
)


def settings(config: Config) -> dict[str, Any]:
    """Return what a config says, defaults too."""
    return {name: getattr(config, name) for name in NAMES.split(", ")}


class ConfigTests(unittest.TestCase):
    """What is set in code."""

    def test_defaults(self) -> None:
        """Each setting has the default that suites know."""
        self.assertEqual(
            settings(Config()),
            {
                "WS_MAX_MESSAGE_SIZE": 1048576,
                "WS_MAX_QUEUE_SIZE": 32,
                "HTTP_MAX_KEEPALIVE": 20,
                "HTTP_MAX_CONNECTIONS": 100,
                "WS_RETRY_ATTEMPTS": 3,
                "WS_RETRY_DELAY": 1.0,
                "PORT_RANGE_START": 8001,
                "PORT_RANGE_END": 9000,
            },
        )

    def test_keywords(self) -> None:
        """The constructor takes the settings in lower case, and nothing else of the config changes."""
        config = Config(ws_retry_delay=2, http_max_keepalive=0)
        self.assertEqual(settings(config), settings(Config()) | {"WS_RETRY_DELAY": 2, "HTTP_MAX_KEEPALIVE": 0})
        self.assertEqual(repr(config), "Config(http_max_keepalive=0, ws_retry_delay=2)")

    def test_attributes(self) -> None:
        """An attribute can be set; a copy of the config is not changed by it."""
        config = Config()
        before = copy.copy(config)
        config.WS_RETRY_ATTEMPTS = 5
        self.assertEqual((config.WS_RETRY_ATTEMPTS, before.WS_RETRY_ATTEMPTS), (5, 3))

    def test_update(self) -> None:
        """What another config sets is taken over, and only that."""
        config = Config(ws_retry_attempts=5)
        config.update(Config(ws_retry_delay=0.5))
        self.assertEqual((config.WS_RETRY_ATTEMPTS, config.WS_RETRY_DELAY), (5, 0.5))

    def test_wrong_keyword(self) -> None:
        """A keyword that is no setting is named with those that are."""
        self.assert_error(
            lambda: Config(ws_retries=5),  # type: ignore[call-arg]
            f"Config(): ws_retries = 5: expected one of {NAMES}",
        )

    def test_wrong_values(self) -> None:
        """A value of the wrong type, or out of bounds, is named with what was expected."""
        whole, seconds, port = (
            "an int of 1 or more",
            "a number of seconds, 0 or more",
            "a port, which is an int from 1 to 65535",
        )
        cases: list[tuple[str, Any, str]] = [
            ("ws_max_message_size", "20", whole),
            ("ws_max_queue_size", 0, whole),
            ("http_max_connections", 1.5, whole),
            ("http_max_keepalive", -1, "an int of 0 or more"),
            ("ws_retry_attempts", True, whole),
            ("ws_retry_delay", None, seconds),
            ("ws_retry_delay", float("inf"), seconds),
            ("ws_retry_delay", float("nan"), seconds),
            ("port_range_start", 0, port),
            ("port_range_end", 65536, port),
        ]
        for key, value, expected in cases:
            with self.subTest(key=key, value=value):
                config: dict[str, Any] = {key: value}
                self.assert_error(
                    lambda config=config: Config(**config), f"Config(): {key} = {value!r}: expected {expected}"
                )

    def test_wrong_attribute(self) -> None:
        """Setting an attribute is checked like an argument."""
        config = Config()
        with self.assertRaises(ConfigurationError) as caught:
            config.WS_RETRY_DELAY = -1
        self.assertEqual(str(caught.exception), "Config: WS_RETRY_DELAY = -1: expected a number of seconds, 0 or more")
        with self.assertRaises(ConfigurationError) as caught:
            config.WS_RETRYS = 1
        self.assertEqual(str(caught.exception), f"Config: WS_RETRYS = 1: expected one of {NAMES}")
        self.assertEqual(settings(config), settings(Config()))

    def test_reversed_range(self) -> None:
        """A reversed port range is refused, by the end of it that was given."""
        self.assert_error(
            lambda: Config(port_range_start=9100),
            "Config(): port_range_start = 9100: expected a port that is not above the end of the range, 9000",
        )
        self.assert_error(
            lambda: Config(port_range_end=8000),
            "Config(): port_range_end = 8000: expected a port that is not below the start of the range, 8001",
        )

    def test_failed_update(self) -> None:
        """An update that is refused changes nothing."""
        config = Config(port_range_end=8500)
        with self.assertRaises(ConfigurationError):
            config.update(Config(port_range_start=8600, ws_retry_attempts=1))
        self.assertEqual((config.PORT_RANGE_START, config.WS_RETRY_ATTEMPTS), (8001, 3))

    def test_port_generator(self) -> None:
        """Ports come from the range where one is set, by one end of it or both; otherwise from nowhere."""
        self.assertIsNone(Config(ws_retry_attempts=1).make_port_generator())
        ports = Config(port_range_start=8100).make_port_generator()
        assert ports is not None
        self.assertEqual((ports.start, ports.end), (8100, 9000))

    def test_range_reversed_by_attributes(self) -> None:
        """A range may be moved one attribute after the other; it is looked at when ports are to come from it."""
        config = Config()
        config.PORT_RANGE_START = 10000
        with self.assertRaises(ConfigurationError) as caught:
            config.make_port_generator()
        self.assertEqual(
            str(caught.exception),
            "Config: PORT_RANGE_START = 10000: expected a port that is not above the end of the range, 9000",
        )
        config.PORT_RANGE_END = 10100
        self.assertIsNotNone(config.make_port_generator())

    def test_error(self) -> None:
        """The error carries what it says, also to another process."""
        error = pickle.loads(pickle.dumps(ConfigurationError("environment", "an int", "X", "soon")))  # noqa: S301 - pickled here
        self.assertEqual((error.source, error.expected, error.key, error.value), ("environment", "an int", "X", "soon"))
        self.assertEqual(str(error), "environment: X = 'soon': expected an int")

    def assert_error(self, make: Any, message: str) -> None:
        """Assert that something raises the error with the message."""
        with self.assertRaises(ConfigurationError) as caught:
            make()
        self.assertEqual(str(caught.exception), message)


class EnvironmentTests(unittest.TestCase):
    """What is set by environment variables."""

    def test_variables(self) -> None:
        """Each setting has a variable; what has none keeps its default."""
        variables = {"FASTAPI_TESTING_WS_RETRY_DELAY": "2.5", "FASTAPI_TESTING_WS_MAX_MESSAGE_SIZE": "4096"}
        with mock.patch.dict(os.environ, variables):
            config = Config.from_env()
        self.assertEqual(settings(config), settings(Config()) | {"WS_RETRY_DELAY": 2.5, "WS_MAX_MESSAGE_SIZE": 4096})

    def test_prefix(self) -> None:
        """Another prefix leads to other variables."""
        variables = {"SHOP_WS_RETRY_DELAY": "1e-3", "FASTAPI_TESTING_WS_RETRY_DELAY": "soon"}
        with mock.patch.dict(os.environ, variables):
            self.assertEqual(Config.from_env(prefix="SHOP_").WS_RETRY_DELAY, 0.001)

    def test_empty_prefix(self) -> None:
        """Without a prefix, nothing tells the settings from other variables."""
        with self.assertRaises(ValueError) as caught:
            Config.from_env("")
        self.assertEqual(
            str(caught.exception), "prefix must not be empty: every environment variable would have to be a setting"
        )

    def test_errors(self) -> None:
        """The error names the variable, its value and what was expected."""
        cases = [
            ("WS_RETRY_DELAY", "soon", "'soon': expected a number of seconds, 0 or more"),
            ("WS_RETRY_ATTEMPTS", "2.0", "2.0: expected an int of 1 or more"),
            ("WS_RETRIES", "2", f"2: expected one of {NAMES}"),
            ("PORT_RANGE_START", "9100", "9100: expected a port that is not above the end of the range, 9000"),
        ]
        for name, text, problem in cases:
            variables = {f"FASTAPI_TESTING_{name}": text}
            with self.subTest(name), mock.patch.dict(os.environ, variables):
                with self.assertRaises(ConfigurationError) as caught:
                    Config.from_env()
                self.assertEqual(str(caught.exception), f"environment: FASTAPI_TESTING_{name} = {problem}")

    def test_other_variables(self) -> None:
        """What the variables of this package say that are no settings is no concern of a config."""
        others = {"TIME_FACTOR": "2", "TEST_TIMEOUT": "9", "TIMINGS": "timings.json"}
        with mock.patch.dict(os.environ, {f"FASTAPI_TESTING_{name}": value for name, value in others.items()}):
            self.assertEqual(settings(Config.from_env()), settings(Config()))


class FileTests(unittest.TestCase):
    """What is set by a file."""

    def setUp(self) -> None:
        self.folder = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def test_formats(self) -> None:
        """Each format gives the same settings, keys in upper or lower case."""
        texts = {
            "own.toml": "ws_retry_delay = 0.5\nWS_RETRY_ATTEMPTS = 7\n",
            "pyproject.toml": "[tool.x]\n[tool.fastapi_testing]\nws_retry_delay = 0.5\nws_retry_attempts = 7\n",
            "settings.json": '{"ws_retry_delay": 0.5, "WS_RETRY_ATTEMPTS": 7}',
            "setup.cfg": "[metadata]\nname = %(x)s\n[fastapi_testing]\nws_retry_delay = 0.5\nWS_RETRY_ATTEMPTS = 7\n",
            "tox.ini": "[fastapi_testing]\nws_retry_delay: 0.5\nws_retry_attempts: 7\n",
        }
        for name, text in texts.items():
            with self.subTest(name):
                config = Config.from_file(self.write(name, text))
                self.assertEqual(settings(config), settings(Config()) | {"WS_RETRY_DELAY": 0.5, "WS_RETRY_ATTEMPTS": 7})

    def test_path_as_text(self) -> None:
        """A path may be a str."""
        path = str(self.write("own.toml", "ws_retry_delay = 0"))
        self.assertEqual(Config.from_file(path).WS_RETRY_DELAY, 0)

    def test_errors(self) -> None:
        """The error names the file, and the key and its value or what is wrong with the file as a whole."""
        whole = "expected an int of 1 or more"
        cases = [
            ("own.toml", "ws_retry_attempts = '7'", f"ws_retry_attempts = '7': {whole}"),
            ("own.toml", "ws_retry_attempts = 7.0", f"ws_retry_attempts = 7.0: {whole}"),
            ("own.toml", "x = 1", f"x = 1: expected one of {NAMES}"),
            (
                "own.toml",
                "port_range_end = 1",
                "port_range_end = 1: expected a port that is not below the start of the range, 8001",
            ),
            ("pyproject.toml", "[project]", "expected a table [tool.fastapi_testing]"),
            ("pyproject.toml", "tool = 3", "expected a table [tool.fastapi_testing]"),
            ("own.toml", "tool = 3", "expected a table [tool.fastapi_testing]"),
            ("pyproject.toml", "[tool.x]", "expected a table [tool.fastapi_testing]"),
            ("a.json", '{"WS_RETRY_ATTEMPTS": true}', f"WS_RETRY_ATTEMPTS = True: {whole}"),
            ("a.json", "[]", "expected an object that holds the settings"),
            ("a.ini", "[fastapi_testing]\nWS_RETRY_ATTEMPTS = many", f"ws_retry_attempts = 'many': {whole}"),
            ("a.cfg", "[metadata]", "expected a section [fastapi_testing]"),
            ("a.yaml", "", "expected a file that ends with .toml, .json, .cfg, .ini"),
        ]
        for name, text, problem in cases:
            with self.subTest(name, text=text):
                path = self.write(name, text)
                with self.assertRaises(ConfigurationError) as caught:
                    Config.from_file(path)
                self.assertEqual(str(caught.exception), f"{path}: {problem}")

    def test_default_section(self) -> None:
        """What the default section of an INI file says is no setting."""
        text = "[DEFAULT]\nname = x\nws_retry_attempts = 9\n[fastapi_testing]\nws_retry_delay = 0\n"
        config = Config.from_file(self.write("setup.cfg", text))
        self.assertEqual(settings(config), settings(Config()) | {"WS_RETRY_DELAY": 0})

    def test_as_windows_writes_it(self) -> None:
        """The end of the name may be in upper case, and the text may begin with a byte order mark."""
        for name, text in (
            ("OWN.TOML", "ws_retry_delay = 0"),
            ("A.JSON", '{"ws_retry_delay": 0}'),
            ("SETUP.CFG", "[fastapi_testing]\nws_retry_delay = 0"),
        ):
            with self.subTest(name):
                self.assertEqual(Config.from_file(self.write(name, f"\ufeff{text}")).WS_RETRY_DELAY, 0)

    def test_not_utf8(self) -> None:
        """A file in another encoding is refused, by the first byte that cannot be."""
        path = self.folder / "own.toml"
        path.write_bytes(b"# caf\xe9\n")
        with self.assertRaises(ConfigurationError) as caught:
            Config.from_file(path)
        self.assertEqual(
            str(caught.exception),
            f"{path}: expected a file in UTF-8: 'utf-8' codec can't decode byte 0xe9 in position 5: "
            f"invalid continuation byte",
        )

    def test_malformed(self) -> None:
        """What the parser of the format says of a malformed file is part of the error."""
        cases = [
            ("own.toml", "x", "Expected '=' after a key"),
            ("a.json", "{", "Expecting property name"),
            ("a.cfg", "ws_retry_delay = 1", "File contains no section headers."),
        ]
        for name, text, problem in cases:
            with self.subTest(name):
                path = self.write(name, text)
                with self.assertRaises(ConfigurationError) as caught:
                    Config.from_file(path)
                expected = f"{path}: expected a well-formed {path.suffix} file: {problem}"
                self.assertEqual(str(caught.exception)[: len(expected)], expected)

    def test_no_file(self) -> None:
        """A file that is not there is the error that open() raises."""
        with self.assertRaises(FileNotFoundError):
            Config.from_file(self.folder / "none.toml")

    def write(self, name: str, text: str) -> Path:
        """Write a file, and return its path."""
        path = self.folder / name
        path.write_text(text, "utf-8")
        return path
