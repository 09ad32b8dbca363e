"""
Secrets in what is printed: all but their last four characters is hidden, since the logs of a CI are read by many.

What is a secret is known by its name: the field of a header, a member of a JSON document or of a Python value, a
parameter of a query or a form. So this works on any text, whoever wrote it: a failure of unittest's own assertions as
well as one of this package. A text that is masked twice is masked once.

The patterns are strings: :mod:`re` compiles each at its first use, and keeps it. All of them together take 15 ms, and a
run without a failure needs none.
"""

import base64
import binascii
import re

__all__ = ["mask", "mask_exception"]

_ENOUGH = 8
"""Characters from which on the last four are shown; of a shorter secret they would be most of it."""

_HIDDEN = "****"

_SECRETS = r"""(?x)
    (?:^|[-_.\s])(?:pass|pwd|pin|otp|jwt|sid|csrf|xsrf|auth|signature|credentials?)$  # a word of its own
    | (?:password|passwd|passphrase|passcode|secret|token|sessionid|authorization)$   # the end of one: accesstoken
    | (?:api|access|private|secret|auth|account|client|encryption|signing|session|license|shared|master|service)
      [-_.\s]?key$
    | (?:session|csrf|xsrf)[-_.\s]?id$
    """
"""Names of secrets, in lower case, whose words are parted by one of ``-_. ``."""

_CAMEL = r"(?<=[a-z0-9])(?=[A-Z])"

_COOKIES = ("cookie", "set-cookie")
_AUTHORIZATION = ("authorization", "proxy-authorization")

_HEADER = r"(?m)^([ \t]*(?:[-+<>|] )?)([A-Za-z][A-Za-z0-9-]*)(: )(\S.*)$"
"""A line that is a header field (RFC 9110 §5), in a block of them, in a diff, or in what curl prints."""

_MEMBER = r"""(?<!\\)(["'])([\w.\- ]+)\1(\s*:\s*b?)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')"""
"""A member of a JSON document or of a dict: ``"name": "value"``."""

_ESCAPED_MEMBER = r"""(?<!\\)(\\+)(")([\w.\- ]+)\1"(\s*:\s*)\1"((?:(?!\1").)*)\1\""""
r"""The same within a string: ``\"name\": \"value\"``."""

_PAIR = r"""(\(b?)(["'])([\w.\-]+)\2(\s*,\s*b?)("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')(?=\s*[,)])"""
"""A header as a tuple: ``(b'name', b'value')``."""

_PARAMETER = r"""(?x)
    (?<![\w.\-]) ([\w.\-]+) = (?!=)
    ( "(?:[^"\\]|\\.)*" | '(?:[^'\\]|\\.)*' | [^\s&;,"'<>(){}\[\]]* [^\s&;,"'<>(){}\[\]:.?!] )
    """
"""A parameter of a query or a form (``name=value``), or of a repr (``name='value'``)."""

_LITERAL = r"None|True|False|\d{1,3}|[a-z_]+(\.[a-z_]+)+"
"""What stands behind ``name=`` in code or in a repr and is no secret: a constant, a small number, another name."""

_CREDENTIALS = r"(?i)\b(Basic|Bearer)( +)(?!\w+=[\x22\x27])([A-Za-z0-9._~+/=-]{8,})"
"""What follows the scheme of an Authorization header (RFC 9110 §11.4), wherever it stands."""

_USERINFO = r"(?<=://)([^\s/?#@:'\"]*):([^\s/?#@'\"]+)@"
"""User and password of a URL (RFC 3986 §3.2.1)."""

_AT_PATH = r"(\$(?:\.[\w-]+|\[[^\]\n]*\])*?(?:\.([\w-]+)|\['([^'\n]+)'\]): )([^\n]*)"
"""What an assertion says of a member of a JSON document: ``$.user.password: expected "this", got "that"``."""

_CLAIM = r"(expected (?:no )?(header|cookie) ([\w.-]+))([^\n]*)"
"""What an assertion says of a header or a cookie, with the values in quotes behind it."""

_QUOTED = r"""'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*\""""

_STRING = r'"((?:[^"\\]|\\.)*)"'

_COOKIE = r"([^\s=;,\"']+)=([^\s;\"']+|\"[^\";]*\")"


def mask(text: str) -> str:
    """Return the text with its secrets hidden; one without any comes back as it is."""
    text = re.sub(_HEADER, _mask_header, text)
    text = re.sub(_CREDENTIALS, _mask_credentials, text)
    text = re.sub(_USERINFO, lambda found: f"{found[1]}:{_hide(found[2])}@", text)
    text = re.sub(_ESCAPED_MEMBER, _mask_escaped_member, text)
    text = re.sub(_MEMBER, lambda found: _mask_named(found, 2, 4), text)
    text = re.sub(_PAIR, _mask_pair, text)
    text = re.sub(_CLAIM, _mask_claim, text)
    text = re.sub(_AT_PATH, _mask_at_path, text)
    return re.sub(_PARAMETER, lambda found: _mask_named(found, 1, 2), text)


def mask_exception(exception: BaseException) -> None:
    """Mask the message of an exception, where that is all it was given, and its notes, in place."""
    if len(exception.args) == 1 and isinstance(exception.args[0], str):
        exception.args = (mask(exception.args[0]),)
    notes = getattr(exception, "__notes__", None)
    if notes:
        notes[:] = [mask(note) if isinstance(note, str) else note for note in notes]


def _is_secret(name: str) -> bool:
    return name.lower() in _COOKIES or re.search(_SECRETS, re.sub(_CAMEL, "_", name).lower()) is not None


def _hide(value: str) -> str:
    if _HIDDEN in value:  # masked before
        return value
    return f"{_HIDDEN}{value[-4:]}" if len(value) >= _ENOUGH else _HIDDEN


def _hide_quoted(value: str) -> str:
    """Hide what is between the quotes, where there are any."""
    if value[:1] in ("'", '"') and value[-1:] == value[:1]:
        return f"{value[0]}{_hide_value(value[1:-1])}{value[0]}"
    return _hide_value(value)


def _hide_value(value: str) -> str:
    """Hide a value; the scheme of an Authorization header, and the user of a Basic one, stay."""
    scheme, _, credentials = value.partition(" ")
    if credentials and scheme.lower() in ("basic", "bearer"):
        return _mask_scheme(scheme, " ", credentials)
    return _hide(value)


def _mask_named(found: re.Match[str], name: int, value: int) -> str:
    """Hide one group of what was found, the last one, if the group before it that is its name is a secret's."""
    if not found[value] or not _is_secret(found[name]) or found[value] in ("''", '""'):
        return found[0]
    if re.fullmatch(_LITERAL, found[value]):
        return found[0]
    if found[name].lower() in _COOKIES and found[value][0] in "'\"":
        hidden = f"{found[value][0]}{_mask_cookies(found[value][1:-1])}{found[value][-1]}"
    else:
        hidden = _hide_quoted(found[value])
    return found[0][: found.start(value) - found.start()] + hidden + found[0][found.end(value) - found.start() :]


def _mask_escaped_member(found: re.Match[str]) -> str:
    if not _is_secret(found[3]) or not found[5]:
        return found[0]
    quote = f'{found[1]}"'
    return f"{quote}{found[3]}{quote}{found[4]}{quote}{_hide_value(found[5])}{quote}"


def _mask_pair(found: re.Match[str]) -> str:
    """Hide the second of a pair, if it is a header's: two words in a tuple are as likely something else."""
    is_header = found[1].endswith("b") or "-" in found[3] or found[3].lower() in (*_COOKIES, *_AUTHORIZATION)
    return _mask_named(found, 3, 5) if is_header else found[0]


def _mask_claim(found: re.Match[str]) -> str:
    start, kind, name, rest = found.groups()
    if kind == "header" and not _is_secret(name):
        return found[0]
    has_pairs = kind == "cookie" or name.lower() in _COOKIES
    return start + re.sub(_QUOTED, lambda value: _mask_claimed(value[0], has_pairs=has_pairs), rest)


def _mask_claimed(quoted: str, *, has_pairs: bool) -> str:
    if has_pairs and "=" in quoted:
        return f"{quoted[0]}{_mask_cookies(quoted[1:-1])}{quoted[-1]}"
    if has_pairs:
        return _hide_cookie(quoted)
    return _hide_quoted(quoted) if len(quoted) > len("''") else quoted


def _mask_header(found: re.Match[str]) -> str:
    indent, name, colon, value = found.groups()
    lowered = name.lower()
    if lowered in _COOKIES:
        value = _mask_cookies(value)
    elif lowered in _AUTHORIZATION:
        scheme, space, credentials = value.partition(" ")
        value = _mask_scheme(scheme, space, credentials) if credentials else _hide(value)
    elif "-" in name and _is_secret(name):  # one without is as likely a word before a colon
        value = _hide(value)
    return f"{indent}{name}{colon}{value}"


def _mask_cookies(value: str) -> str:
    """Hide the values of cookies, and leave the attributes that a response sets with one (RFC 6265 §4.1)."""
    attributes = ("expires", "max-age", "domain", "path", "samesite")
    return re.sub(
        _COOKIE,
        lambda found: found[0] if found[1].lower() in attributes else f"{found[1]}={_hide_cookie(found[2])}",
        value,
    )


def _hide_cookie(value: str) -> str:
    """Hide the value of a cookie, unless it is too short to be worth it: a theme, a language, a count."""
    return _hide_quoted(value) if len(value.strip("'\"")) >= _ENOUGH else value


def _mask_credentials(found: re.Match[str]) -> str:
    is_word = found[3].isalpha() and found[1].lower() == "bearer"  # "Bearer authentication is needed"
    return found[0] if is_word else _mask_scheme(found[1], found[2], found[3])


def _mask_scheme(scheme: str, space: str, credentials: str) -> str:
    if scheme.lower() != "basic":
        return f"{scheme}{space}{_hide(credentials)}"
    try:
        user, colon, password = base64.b64decode(credentials, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return f"{scheme}{space}{credentials}" if credentials.isalpha() else f"{scheme}{space}{_hide(credentials)}"
    return f"{scheme}{space}{user}:{_hide(password)}" if colon else f"{scheme}{space}{credentials}"


def _mask_at_path(found: re.Match[str]) -> str:
    if not _is_secret(found[2] or found[3]):
        return found[0]
    return found[1] + re.sub(_STRING, lambda string: f'"{_hide(string[1])}"' if string[1] else string[0], found[4])
