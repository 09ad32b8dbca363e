"""What a function reads is told from its source."""

import importlib.util
import tempfile
import unittest
from pathlib import Path
from types import ModuleType

from fastapi_testing.databases.templates.reading import reading_of

__all__: list[str] = []

TOLD = '''
SETTING = ["one"]

class Makers:
    async def nothing(cls, connection):
        """Read nothing."""

    def attributes(cls, connection, /):
        super().attributes(connection)
        return [cls.prefix for _ in SETTING], lambda: cls.more, connection.cls
'''

UNTOLD = '''
import functools

class Makers:
    def hand_on(cls, connection):
        print(cls)

    def set_attribute(cls, connection):
        cls.prefix = "b"

    def set_global(cls, connection):
        global COUNT
        COUNT = 1

    def name_itself(cls, connection):
        return __class__.prefix

    def look_around(cls, connection):
        return locals()

    def keep_super(cls, connection):
        above = super()
        return above.prefix

    def name_super(cls, connection):
        return super(Makers, cls).prefix

    def have_no_parameter():
        pass

    @functools.cache
    def have_a_cache(cls, connection):
        pass

    @functools.wraps(print)
    def stand_for_another(cls, connection):
        pass

    written_alone = lambda cls, connection: None

    text = """
odd"""; in_a_text = lambda: None

    def make():
        def made_within(cls, connection):
            pass

        return made_within

    made_within = make()
    exec("def without_source(cls, connection): pass")
    of_python = print

Makers.without_definition = Makers.written_alone
'''


class ReadingTests(unittest.TestCase):
    """Functions that are given a class."""

    def load(self, source: str) -> ModuleType:
        """Return a module with this source."""
        path = Path(self.enterContext(tempfile.TemporaryDirectory())) / "makers.py"
        path.write_text(source, "utf-8")
        spec = importlib.util.spec_from_file_location("makers", path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def test_told(self) -> None:
        """The attributes of the class that it reads, and other names, also in functions within it."""
        makers = self.load(TOLD).Makers
        self.assertEqual(reading_of(makers.nothing), (set(), set()))
        expected = {"attributes", "more", "prefix"}, {"SETTING", "_", "connection"}
        self.assertEqual(reading_of(makers.attributes), expected)

    def test_untold(self) -> None:
        """Where it may read what it does not name, or has no source, or is made anew each time, nothing is told."""
        makers = vars(self.load(UNTOLD).Makers)
        functions = {name: each for name, each in makers.items() if callable(each)}
        self.assertEqual(len(functions), 17)
        for name, function in functions.items():
            with self.subTest(name):
                self.assertIsNone(reading_of(function))
