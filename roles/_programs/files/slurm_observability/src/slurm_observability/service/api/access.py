"""What a route needs of the service, and who may call it.

All of it waits for nothing: as coroutines, none of it costs a request a thread of its own.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import Annotated

from fastapi import Depends, HTTPException, Request
from fastapi.security import HTTPBearer

from ..audit import Origin
from ..service import Service
from ..store.store import Store
from ..tokens import Sender
from .errors import unauthorized

# For the description of the API only: who asks is known before (http.intake).
_SCHEME = HTTPBearer(auto_error=False, description="A token of the service's file of tokens.")


async def get_service(request: Request) -> Service:
    """Return the service that the application is part of."""
    service: Service = request.app.state.service
    return service


async def get_store(service: Annotated[Service, Depends(get_service)]) -> Store:
    """Return the database. Raises StoreError while it is not ready."""
    return service.readiness.store


async def get_sender(request: Request, _token: Annotated[object, Depends(_SCHEME)]) -> Sender:
    """Return who asks."""
    sender: Sender | None = request.state.sender
    if sender is None:
        raise unauthorized()
    return sender


def get_origin(request: Request) -> Origin:
    """Return who sends a request, and from where. It has passed http.intake."""
    return Origin(request.state.sender, request.client.host if request.client else "")


async def get_writer(request: Request, sender: Annotated[Sender, Depends(get_sender)]) -> Origin:
    """Return who sends, and from where."""
    if not sender.may_write:
        raise HTTPException(HTTPStatus.FORBIDDEN, f"the token of {sender.name} is a {sender.role}'s: it may not write")
    return get_origin(request)


async def get_reader(sender: Annotated[Sender, Depends(get_sender)]) -> Sender:
    """Return who asks for what is on record."""
    if not sender.may_read:
        raise HTTPException(HTTPStatus.FORBIDDEN, f"the token of {sender.name} is a {sender.role}'s: it may not read")
    return sender


ServiceOf = Annotated[Service, Depends(get_service)]
StoreOf = Annotated[Store, Depends(get_store)]
Writer = Annotated[Origin, Depends(get_writer)]
Reader = Depends(get_reader)
