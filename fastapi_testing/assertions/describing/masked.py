"""Failures without the secrets of those who are asked in them."""

from typing import Any, ClassVar
from unittest import TestCase

from fastapi_testing.masking import mask

__all__ = ["MaskedFailures"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class MaskedFailures(TestCase):
    """
    Base of all mixins with assertions: what their failures print has no passwords, tokens, keys and cookies in it.

    It holds for unittest's own assertions as well, as they all have their text made here.
    """

    show_secrets: ClassVar[bool] = False
    """
    Whether failures show secrets as they are. Unless they do, ``Authorization``, cookies, and what has a name such as
    ``password``, ``token`` or ``api_key`` show their last four characters only: many can read the logs of a CI.
    """

    def _formatMessage(self, msg: Any, standardMsg: Any) -> Any:
        text = super()._formatMessage(msg, standardMsg)
        if self.show_secrets or not isinstance(text, str):
            return text
        return mask(text)
