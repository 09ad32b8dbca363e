"""Headers and cookies of the class, and those that a hook or a test sets on the test itself."""

import unittest
from typing import Any

from fastapi import FastAPI, Request

from fastapi_testing import AsyncServerTestCase, AsyncTestClient, ServerTestCase
from tests.running import run_classes, without_exchanges

app = FastAPI()

LATE = (
    "self.{0} was set when self.client was there already, which does not send them: write self.client.{0}.update(...), "
    "or set them before its first use"
)


@app.get("/")
async def read(request: Request) -> dict[str, str]:
    """Answer with what makes a user."""
    return {"tenant": request.headers.get("x-tenant", ""), **request.cookies}


def troubles(base: type[unittest.TestCase], **body: Any) -> list[str]:
    """Run a class with a test of its own, and return the text of each failure without what it asked."""
    result = run_classes(type("Case", (base,), {"app": app, **body}))
    return [without_exchanges(text) for _, text in result.failures + result.errors]


class EarlyTests(unittest.TestCase):
    """What is set before the client is used."""

    def test_class(self) -> None:
        """The client of each test begins with the cookies of the class, and so does each further one."""

        async def test(case: AsyncServerTestCase) -> None:
            for client in (case.client, case.new_client()):
                case.assertJsonEqual(await client.get("/"), {"tenant": "", "user": "ann"})
            case.client.cookies.clear()

        def test_plain(case: ServerTestCase) -> None:
            case.assertJsonEqual(case.client.get("/"), {"tenant": "", "user": "ann"})
            case.client.cookies.clear()

        cookies = {"user": "ann"}
        self.assertEqual(troubles(AsyncServerTestCase, test_1=test, test_2=test, cookies=cookies), [])
        self.assertEqual(troubles(ServerTestCase, test_1=test_plain, test_2=test_plain, cookies=cookies), [])

    def test_hook(self) -> None:
        """What a hook sets on the test holds for its clients, and for no other test's."""

        def hook(case: Any) -> None:
            if case.id().endswith("_1"):
                case.headers, case.cookies = {"X-Tenant": "red"}, {"user": "bob"}

        async def test(case: AsyncServerTestCase) -> None:
            case.assertJsonEqual(await case.client.get("/"), {"tenant": "red", "user": "bob"})

        async def test_other(case: AsyncServerTestCase) -> None:
            case.assertJsonEqual(await case.client.get("/"), {"tenant": "blue"})

        def test_plain(case: ServerTestCase) -> None:
            case.assertJsonEqual(case.client.get("/"), {"tenant": "red", "user": "bob"})

        headers = {"X-Tenant": "blue"}
        tests = {"test_1": test, "test_2": test_other}
        self.assertEqual(troubles(AsyncServerTestCase, **tests, setUp=hook, headers=headers), [])
        self.assertEqual(troubles(ServerTestCase, test_1=test_plain, setUp=hook, headers=headers), [])


class LateTests(unittest.TestCase):
    """What is set when the client has been used."""

    def notes_of(self, test: Any, base: type[unittest.TestCase] = AsyncServerTestCase, **body: Any) -> list[str]:
        """Run a test that fails, and return what its text has behind that."""
        (text,) = troubles(base, test=test, **body)
        return text.partition("\nAssertionError: ")[2].splitlines()[1:]

    def test_told(self) -> None:
        """A failure says that it has no effect, and what to write; once, also of a part of the test."""

        async def test(case: Any) -> None:
            await case.client.get("/")
            case.headers, case.cookies = {"X-Tenant": "red"}, {"user": "bob"}
            await case.client.get("/")
            case.fail("of a user that is none")

        def test_plain(case: Any) -> None:
            case.client.get("/")
            case.headers = {"X-Tenant": "red"}
            with case.subTest():
                case.fail("of a user that is none")

        told = [LATE.format("headers"), LATE.format("cookies")]
        self.assertEqual(self.notes_of(test), told)
        self.assertEqual(self.notes_of(test, client_class=AsyncTestClient), told)
        self.assertEqual(self.notes_of(test_plain, ServerTestCase), told[:1])

    def test_raised_twice(self) -> None:
        """A failure that a cleanup raises once more says it once."""

        def test(case: Any) -> None:
            case.client.get("/")
            case.headers = {"X-Tenant": "red"}
            error = AssertionError("of a user that is none")

            def fail() -> None:
                raise error

            case.addCleanup(fail)
            fail()

        first, second = troubles(ServerTestCase, test=test)
        self.assertEqual([text.count(LATE.format("headers")) for text in (first, second)], [1, 1])

    def test_in_effect(self) -> None:
        """Nothing is said of what has an effect: the client has it too, or a request has been given it."""

        async def updated(case: Any) -> None:
            case.headers, case.cookies = {"x-tenant": "red"}, {"user": "bob"}
            await case.client.get("/")
            case.fail()

        async def given(case: Any) -> None:
            await case.client.get("/")
            case.headers, case.cookies = {"X-Tenant": "red"}, {"user": "bob"}
            await case.client.get("/", headers={"Cookie": "a=b; user=bob", **case.headers})
            case.fail()

        for test in (updated, given):
            with self.subTest(test.__name__):
                self.assertEqual(self.notes_of(test), [])

    def test_others(self) -> None:
        """Nor of something else by that name, nor where there is no client."""

        async def other(case: Any) -> None:
            await case.client.get("/")
            case.headers, case.cookies = ["X-Tenant"], {1: 2}
            case.fail()

        async def without(case: Any) -> None:
            case.headers = {"X-Tenant": "red"}
            case.fail()

        for test in (other, without):
            with self.subTest(test.__name__):
                self.assertEqual(self.notes_of(test), [])
