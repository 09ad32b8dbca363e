"""How the shop of the guide on mocks sends its mail."""


async def send_mail(address: str, text: str) -> str:
    """Send a message; return its number."""
    raise ConnectionError(f"no mail server for {address}: {text}")
