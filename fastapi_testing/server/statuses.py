"""Status codes (RFC 9110 §15) as texts have them."""

from http import HTTPStatus

__all__ = ["name_status"]


def name_status(status: int, phrase: str = "") -> str:
    """
    Return a status with its reason phrase: ``404 Not Found``.

    Args:
        status: The code.
        phrase: The phrase that came with it; where none did, the one that belongs to the code, if any, is meant.
    """
    return f"{status} {phrase or _standard_phrase(status)}".rstrip()


def _standard_phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""
