"""The module of an app that lacks a requirement."""

import no_such_requirement  # type: ignore[import-not-found]

app = no_such_requirement.app
