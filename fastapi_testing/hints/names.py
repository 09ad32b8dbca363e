"""
The names that tests bring along from other frameworks, each with what to write here instead.

A table for each kind of object, and for the keyword arguments of its methods; none of them is a name that it has.
"""

from collections.abc import Mapping
from http import HTTPStatus

__all__ = [
    "ASSERTION_KEYWORDS",
    "CASE_NAMES",
    "CLIENT_NAMES",
    "CONNECTING_NAMES",
    "CONNECT_KEYWORDS",
    "REQUEST_KEYWORDS",
    "RESPONSE_NAMES",
    "SESSION_NAMES",
    "WEBSOCKET_CLIENT_NAMES",
]

_CONTAINS = "self.assertContains(response, text)"
_LOGIN = "self.override_dependency(current_user, value=user), or a request that logs in"
_CREDENTIALS = "self.new_client(headers={...})"
_APP = "app = app in the class, or the class method create_app()"
_SETTINGS = "self.override_dependency(...), or self.override_env(...)"
_EQUAL = "self.assertEqual(list, list)"
_CONNECT = "self.ws.connect(path)"
_MEDIA_TYPE = 'response.headers["Content-Type"], or self.assertContentType(response, expected)'
_ON_A_SESSION = f"{_CONNECT} first, and then {{}}() of the session that it opens"

CASE_NAMES: Mapping[str, str] = {
    # Flask-Testing
    **{
        f"assert{score}{status.value}": f"self.assertStatus(response, {status.value})"
        for status in HTTPStatus
        for score in ("", "_")
    },
    "assert_status": "self.assertStatus(response, status)",
    "assert_redirects": "self.assertRedirects(response, location)",
    "assert_context": "self.assertContext(response, name, expected)",
    "assertMessageFlashed": _CONTAINS,
    "assert_message_flashed": _CONTAINS,
    "assert_template_used": "self.assertTemplateUsed(response, name)",
    "get_context_variable": "response.context[name]",
    "get_server_url": "self.server.url",
    # Django, and its REST framework
    "assertFormError": "self.assertValidationError(response, loc)",
    "assertHTMLEqual": _CONTAINS,
    "assertInHTML": _CONTAINS,
    "assertJSONEqual": "self.assertJsonEqual(response, {...})",
    "assertJSONNotEqual": "self.assertNotEqual(response.json(), {...})",
    "assertNumQueries": "SQLAlchemyMixin before the test case, which has it",
    "assertQuerySetEqual": _EQUAL,
    "assertQuerysetEqual": _EQUAL,
    "assertRaisesMessage": "self.assertRaisesRegex(...), or self.assertServerRaises(...) for what the app raises",
    "assertTemplateNotUsed": "self.assertNotContains(response, text)",
    "async_client": "self.client",
    "live_server_url": "self.server.url",
    "modify_settings": _SETTINGS,
    "settings": _SETTINGS,
    # aiohttp and Starlette
    "get_app": _APP,
    "get_application": _APP,
    "get_client": "self.new_client()",
    "get_server": "self.server",
    "websocket_connect": _CONNECT,
    "ws_connect": _CONNECT,
}
"""Attributes of a test case."""

CLIENT_NAMES: Mapping[str, str] = {
    # Starlette
    "app": "self.app",
    "app_state": "self.server.state",
    "websocket_connect": _CONNECT,
    # Django, and its REST framework
    "credentials": _CREDENTIALS,
    "defaults": _CREDENTIALS,
    "force_authenticate": _LOGIN,
    "force_login": _LOGIN,
    "generic": "self.client.request(method, url)",
    "login": _LOGIN,
    "logout": "self.client.cookies.clear(), or a request that logs out",
    "session": "self.client.cookies, where the app keeps its sessions in a cookie",
    # Flask
    "delete_cookie": "self.client.cookies.delete(name)",
    "get_cookie": "self.client.cookies.get(name)",
    "open": "self.client.request(method, url)",
    "session_transaction": "self.client.cookies.set(name, value), or self.override_dependency(...)",
    "set_cookie": "self.client.cookies.set(name, value)",
    # aiohttp
    "cookie_jar": "self.client.cookies",
    "make_url": 'f"{self.server.url}/path", which requests of the client do not need',
    "server": "self.server",
    "ws_connect": _CONNECT,
}
"""Attributes of a client of HTTP."""

RESPONSE_NAMES: Mapping[str, str] = {
    # Flask and Werkzeug
    "content_type": _MEDIA_TYPE,
    "data": "response.content, response.text, or response.json()",
    "get_data": "response.content, or response.text",
    "get_json": "response.json()",
    "location": 'response.headers["Location"], or self.assertRedirects(response, location)',
    "mimetype": _MEDIA_TYPE,
    # aiohttp, WebTest and requests
    "body": "response.content",
    "iter_content": "response.aiter_bytes(), or iter_bytes() in a plain test",
    "ok": "response.is_success",
    "reason": "response.reason_phrase",
    "status": "response.status_code, or self.assertStatus(response, expected)",
    "status_int": "response.status_code",
    # Django and Starlette
    "context": _CONTAINS,
    "getvalue": "response.content",
    "redirect_chain": "response.history",
    "resolver_match": 'response.extensions["exchange"].endpoint',
    "streaming_content": "self.client.stream(method, url), and aiter_bytes() or iter_bytes() of what it opens",
    "template": _CONTAINS,
    "templates": "self.assertTemplateUsed(response, name)",
}
"""Attributes of a response."""

SESSION_NAMES: Mapping[str, str] = {
    "accepted_subprotocol": "subprotocol",
    "extra_headers": "response.headers",
    "receive_str": "receive_text()",
    "send_str": "send_text(text)",
}
"""Attributes of an open WebSocket."""

WEBSOCKET_CLIENT_NAMES: Mapping[str, str] = {
    name: _ON_A_SESSION.format(name)
    for name in (
        "expect",
        "receive",
        "receive_bytes",
        "receive_json",
        "receive_text",
        "recv",
        "send",
        "send_bytes",
        "send_json",
        "send_text",
    )
} | {"websocket_connect": _CONNECT, "ws_connect": _CONNECT}
"""Attributes of ``self.ws``."""

CONNECTING_NAMES: Mapping[str, str] = dict.fromkeys(
    [
        *WEBSOCKET_CLIENT_NAMES.keys() - {"websocket_connect", "ws_connect"},
        *("close", "close_code", "close_reason", "disconnect", "drain", "exchange", "ping", "response", "subprotocol"),
    ],
    "async with self.ws.connect(path) as session:, or session = await self.ws.connect(path), for the session that has "
    "it",
)
"""Attributes of what ``self.ws.connect()`` has returned, and nobody has awaited or entered."""

REQUEST_KEYWORDS: Mapping[str, str] = {
    "allow_redirects": "follow_redirects=...",
    "body": "content=..., or json=...",
    "content_type": 'json=... or data=..., which set it, or headers={"Content-Type": ...} with content=...',
    "environ_base": "headers={...}",
    "extra": "headers={...}",
    "follow": "follow_redirects=...",
    "follow_redirect": "follow_redirects=...",
    "format": "json={...}",
    "path": "url=...",
    "query": "params={...}",
    "query_params": "params={...}",
    "query_string": "params={...}",
    "secure": "tls = True in the class",
    "stream": "self.client.stream(method, url)",
    "verify": "self.new_client(verify=...)",
}
"""Keyword arguments of the requests of a client, besides those that begin with ``HTTP_``."""

CONNECT_KEYWORDS: Mapping[str, str] = {
    "additional_headers": "headers={...}",
    "extra_headers": "headers={...}",
    "heartbeat": "ping_interval=...",
    "protocols": "subprotocols=[...]",
    "query_string": "params={...}",
}
"""Keyword arguments of a handshake."""

ASSERTION_KEYWORDS: Mapping[str, str] = {
    "fetch_redirect_response": "nothing, as the target is not fetched",
    "html": "the text as it stands in the page",
    "message": "msg=...",
    "msg_prefix": "msg=...",
    "status_code": "self.assertStatus(response, status), or status=... of assertRedirects()",
    "target_status_code": "self.assertStatus(...) for what a request for the target returns",
}
"""Keyword arguments of the assertions on responses that Django and Flask-Testing have as well."""
