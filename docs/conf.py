"""Configuration of the documentation: ``sphinx-build -W -n -b html docs docs/_build/html``."""

import configparser
import doctest
from pathlib import Path

from sphinx.application import Sphinx

_setup_cfg = configparser.ConfigParser()
_setup_cfg.read(Path(__file__).parent.with_name("setup.cfg"), encoding="utf-8")

project = "fastapi_testing"
author = _setup_cfg["metadata"]["author"]
copyright = author
version = release = _setup_cfg["metadata"]["version"]

extensions = ["sphinx.ext.autodoc", "sphinx.ext.doctest", "sphinx.ext.napoleon"]
exclude_patterns = ["_build", "examples"]
nitpicky = True

# No inventory of another project is fetched, so that the build needs no network; names of theirs lead nowhere.
nitpick_ignore_regex = [
    # Python's modules,
    (r"py:.*", r"(_?asyncio|collections|contextlib|contextvars|http|json|logging|os|pathlib|re)(\..*)?"),
    (r"py:.*", r"(socket|ssl|types|typing|unittest)(\..*)?"),
    # what a test case inherits of unittest,
    (r"py:meth", r"addClassCleanup|addCleanup|setUpClass|tearDownClass"),
    # its built-in exceptions, and one of websockets that docstrings name as shortly,
    (r"py:exc", r"([A-Z][a-z]+)*(Error|ConnectionClosed|SkipTest|KeyboardInterrupt)"),
    # the libraries that the API hands through,
    (r"py:.*", r"(fastapi|httpx|httpx2|httpx_sse|pydantic|sqlalchemy|starlette|uvicorn|websockets)\..*"),
    # a context that has nothing to call,
    (r"py:class", r"fastapi_testing\.databases\.statements\.queries\.CountedStatements"),
    # bases that have nothing to call,
    (r"py:class", r"fastapi_testing\.(hints\.foreign\.ForeignNames|case\.guards\.class_limits\.(Async)?ClassLimits)"),
    # types that annotations name without the module,
    (r"py:class", r"Cookies|Headers|QueryParams|TypeForm"),
    # and names that annotations are written with, which are no part of the API.
    (r"py:class", r"(.*\.)?_[A-Za-z]\w*"),
]

autodoc_inherit_docstrings = False
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
autodoc_typehints_format = "short"
napoleon_numpy_docstring = False
toc_object_entries_show_parents = "hide"

doctest_default_flags = doctest.ELLIPSIS  # and not IGNORE_EXCEPTION_DETAIL: the text of an exception is what is shown

html_theme = "furo"
pygments_dark_style = "github-dark"  # furo's own underlines every module and class
html_static_path = ["_static"]
html_css_files = ["failures.css"]
html_title = f"{project} {version}"


def setup(app: Sphinx) -> None:
    """Run the hook below before napoleon's, whose priority is 500."""
    app.connect("autodoc-process-docstring", keep_colons, priority=400)


def keep_colons(_app: Sphinx, what: str, _name: str, _obj: object, _options: object, lines: list[str]) -> None:
    """Tell napoleon that a property's docstring begins with no type: it takes what is before a colon for one."""
    if what in {"attribute", "data", "property"} and lines:
        lines[0] = f": {lines[0]}"
