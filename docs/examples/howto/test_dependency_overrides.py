"""What the app depends on is replaced, and comes back."""

from typing import Annotated
from unittest.mock import Mock

from fastapi import Depends
from fastapi_testing import AsyncServerTestCase, override_dependencies

from accounts import TOKENS, User, admin, get_discount, get_settings, get_user

ANN = User(name="ann")


class DependencyTests(AsyncServerTestCase):
    """For a test."""

    app = "accounts:app"

    async def test_value(self) -> None:
        """The route gets this user."""
        self.override_dependency(get_user, value=ANN)
        self.assertJsonEqual(await self.client.get("/me"), {"name": "ann"})

    async def test_function(self) -> None:
        """FastAPI calls the function, which may have dependencies of its own."""

        def half(user: Annotated[User, Depends(get_user)]) -> int:
            return 50 if user == ANN else 0

        self.override_dependency(get_user, value=ANN)
        self.override_dependency(get_discount, half)
        self.assertJsonEqual(await self.client.get("/price"), 50)

    async def test_mock(self) -> None:
        """A mock is called without arguments."""
        self.override_dependency(get_discount, discount := Mock(return_value=10))
        self.assertJsonEqual(await self.client.get("/price"), 90)
        discount.assert_called_once_with()

    async def test_mounted_app(self) -> None:
        """A mounted app has dependencies of its own."""
        self.override_dependency(get_user, value=ANN, app=admin)
        self.assertJsonEqual(await self.client.get("/admin/me"), {"name": "ann"})

    @override_dependencies({get_discount: lambda: 10})
    async def test_decorated(self) -> None:
        """For this test, and for a block in it."""
        self.assertJsonEqual(await self.client.get("/price"), 90)
        with override_dependencies({get_discount: lambda: 20}):
            self.assertJsonEqual(await self.client.get("/price"), 80)
        self.assertJsonEqual(await self.client.get("/price"), 90)


class ClassTests(AsyncServerTestCase):
    """For all tests of the class."""

    app = "accounts:app"
    dependency_overrides = {get_discount: lambda: 10}  # noqa: RUF012

    async def test_price(self) -> None:
        """Every test has it."""
        self.assertJsonEqual(await self.client.get("/price"), 90)


class SetUpTests(AsyncServerTestCase):
    """For all tests of the class, by what its set-up has made."""

    app = "accounts:app"

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        cls.override_dependency(get_user, value=User(name=min(TOKENS.values())))

    async def test_user(self) -> None:
        """Every test has it."""
        self.assertJsonEqual(await self.client.get("/me"), {"name": "ann"})


class SettingsTests(AsyncServerTestCase):
    """What the app reads from the environment."""

    app = "accounts:app"

    async def test_name(self) -> None:
        """The variable is set, and what was read before is forgotten."""
        self.override_env(SHOP_NAME="Night Shop", clear_caches=[get_settings])
        self.assertJsonEqual(await self.client.get("/name"), "Night Shop")
