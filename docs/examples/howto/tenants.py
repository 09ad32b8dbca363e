"""An app with a tenant for each subdomain, behind a proxy that ends TLS."""

from fastapi import FastAPI, Request
from fastapi.responses import RedirectResponse
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware
from starlette.middleware.trustedhost import TrustedHostMiddleware

app = FastAPI()
app.add_middleware(HTTPSRedirectMiddleware)
app.add_middleware(TrustedHostMiddleware, allowed_hosts=["shop.example", "*.shop.example"])


@app.post("/login")
async def login(request: Request) -> RedirectResponse:
    """Log in, for all tenants."""
    response = RedirectResponse(request.url_for("home"), status_code=303)
    response.set_cookie("user", "ann", domain="shop.example", secure=True)
    return response


@app.get("/")
async def home(request: Request) -> dict[str, str | None]:
    """Tell the tenant and the user."""
    return {"tenant": request.url.hostname, "user": request.cookies.get("user")}
