"""A browser for tests: Chromium, without a window, and without a word to anybody but the test server."""

import os
import shutil
import tempfile
import unittest
from collections.abc import Iterator
from contextlib import contextmanager

from selenium import webdriver
from selenium.webdriver.chrome.service import Service

_ARGUMENTS = (
    "--headless=new",
    "--no-sandbox",  # which Chromium cannot have as root, as in a container
    "--disable-dev-shm-usage",  # of which a container has little
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-features=BackForwardCache",  # which keeps the WebSockets of a page that was left
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
    "--no-first-run",
    "--no-proxy-server",
    "--window-size=800,600",
)


@contextmanager
def open_browser() -> Iterator[webdriver.Chrome]:
    """Open a browser with an empty profile; where the machine has none, the tests are skipped."""
    browser, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if browser is None or driver is None:
        raise unittest.SkipTest("there is no Chromium here; on Debian: apt-get install chromium chromium-driver")
    os.environ.update(SE_OFFLINE="true", SE_AVOID_STATS="true")  # Selenium Manager looks for nothing, and tells nobody
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        options = webdriver.ChromeOptions()
        options.binary_location = browser
        for argument in (*_ARGUMENTS, f"--user-data-dir={profile}"):
            options.add_argument(argument)
        with webdriver.Chrome(options, Service(driver)) as opened:
            yield opened
