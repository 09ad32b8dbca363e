"""The chat, as its users see it."""

from contextlib import suppress
from typing import ClassVar

from fastapi_testing import ServerTestCase
from selenium.common import TimeoutException
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from browser import open_browser
from chatroom import app


class ChatTests(ServerTestCase):
    """One browser for the class; each test opens the page anew, in a room of its own."""

    app = app
    server_scope = "test"
    browser: ClassVar[Chrome]

    @classmethod
    def setUpClass(cls) -> None:
        """Open the browser."""
        super().setUpClass()
        cls.browser = cls.enterClassContext(open_browser())

    def setUp(self) -> None:
        """Leave the page when the test is done, and so close its WebSocket."""
        self.addCleanup(self.browser.get, "about:blank")

    def open_page(self) -> None:
        """Open the page, and wait until it is connected."""
        self.browser.get(self.server.url)
        self.wait_for_text("state", "connected")

    def say(self, name: str, text: str) -> None:
        """Fill in the form, and send it."""
        for field, value in {"name": name, "text": text}.items():
            self.browser.find_element(By.NAME, field).clear()
            self.browser.find_element(By.NAME, field).send_keys(value)
        self.browser.find_element(By.TAG_NAME, "button").click()

    def wait_for_text(self, name: str, text: str) -> None:
        """Wait until an element has a text."""
        element = self.browser.find_element(By.ID, name)
        with suppress(TimeoutException):
            WebDriverWait(self.browser, 10).until(lambda _: element.text == text)
        self.assertEqual(element.text, text)

    def test_say(self) -> None:
        """What somebody says is on the page, one after the other."""
        self.open_page()
        self.say("Ann", "Is anybody there?")
        self.wait_for_text("messages", "Ann: Is anybody there?")
        self.say("Ann", "Hello?")
        self.wait_for_text("messages", "Ann: Is anybody there?\nAnn: Hello?")

    def test_live(self) -> None:
        """What others say comes by itself, and is text, whatever they say."""
        self.open_page()
        self.client.post("/messages", json={"name": "Bob", "text": "<i>Hi</i>"})
        self.wait_for_text("messages", "Bob: <i>Hi</i>")

    def test_history(self) -> None:
        """What was said before is there when the page is opened again."""
        self.open_page()
        self.say("Ann", "Hello")
        self.wait_for_text("messages", "Ann: Hello")
        self.open_page()
        self.wait_for_text("messages", "Ann: Hello")

    def test_nothing_said(self) -> None:
        """Who says nothing is told so."""
        self.open_page()
        self.say("Ann", " ")
        self.wait_for_text("error", "Say who you are, and something.")
        self.assertEqual(self.browser.find_element(By.ID, "messages").text, "")
