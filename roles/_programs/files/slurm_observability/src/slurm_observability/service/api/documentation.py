"""The description of the API as a page, which needs nothing from elsewhere."""

from __future__ import annotations

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, RedirectResponse

from .operations import as_html

DOCUMENT, PAGE = "/openapi.json", "/docs"
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'",
    "X-Content-Type-Options": "nosniff",
}

router = APIRouter(include_in_schema=False)


@router.get("/")
async def root() -> RedirectResponse:
    """Lead to the page."""
    return RedirectResponse(PAGE)


@router.get(PAGE)
async def page(request: Request) -> HTMLResponse:
    """Return the page."""
    return HTMLResponse(as_html(request.app.openapi()), headers=HEADERS)
