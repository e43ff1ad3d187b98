"""Answers to what goes wrong: one sentence under ``detail``, in which nothing that was sent is repeated raw."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from pydantic import BaseModel, ValidationError

from ...slurm.command import one_line
from ..http.intake import TOKEN_NEEDED, retry_after
from ..store.errors import AmbiguousError, CursorError, RefusedError, StoreError

# What pydantic says in the words of Python.
_WORDS = {"extra_forbidden": "there is no such parameter", "json_invalid": "here the body is no JSON any more"}


class Problem(BaseModel):
    """Why a request was not answered as it was meant."""

    detail: str


def problems(*statuses: HTTPStatus) -> dict[int | str, dict[str, Any]]:
    """Return what the API's description says of answers with these statuses."""
    return {int(status): {"model": Problem, "description": status.phrase} for status in statuses}


# What any request can be answered with; 422 is what FastAPI would else describe as its own.
EVERYWHERE = problems(
    HTTPStatus.BAD_REQUEST,
    HTTPStatus.UNAUTHORIZED,
    HTTPStatus.FORBIDDEN,
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
    HTTPStatus.UNPROCESSABLE_ENTITY,
    HTTPStatus.SERVICE_UNAVAILABLE,
)


def unauthorized() -> HTTPException:
    """Return the answer to a client without a token that is known."""
    return HTTPException(HTTPStatus.UNAUTHORIZED, TOKEN_NEEDED, {"WWW-Authenticate": "Bearer"})


def sentence(errors: Any) -> str:
    """Return what is wrong with a value, of the first few errors that pydantic found."""
    found = [f"{'.'.join(map(str, error['loc']))}: {_WORDS.get(error['type'], error['msg'])}" for error in errors[:3]]
    more = [f"and {len(errors) - 3} more"] if len(errors) > 3 else []
    return one_line("; ".join(found + more), 500)


def reason(error: ValidationError) -> str:
    """Return why a value was refused."""
    return sentence(error.errors(include_url=False, include_context=False, include_input=False))


def install(app: FastAPI) -> None:
    """Let the application answer so."""

    @app.exception_handler(RequestValidationError)
    def invalid(_request: Request, error: RequestValidationError) -> JSONResponse:
        errors = error.errors()
        if _is_not_json(error):
            return _answer(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "the body has to be JSON: Content-Type: application/json")
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, sentence(errors))

    @app.exception_handler(CursorError)
    @app.exception_handler(RefusedError)
    def refused(_request: Request, error: CursorError | RefusedError) -> JSONResponse:
        return _answer(HTTPStatus.UNPROCESSABLE_ENTITY, str(error))

    @app.exception_handler(AmbiguousError)
    def ambiguous(_request: Request, error: AmbiguousError) -> JSONResponse:
        return _answer(HTTPStatus.CONFLICT, one_line(str(error)))

    @app.exception_handler(StoreError)
    def unavailable(_request: Request, error: StoreError) -> JSONResponse:
        headers = {"Retry-After": retry_after()}
        return JSONResponse({"detail": str(error)}, HTTPStatus.SERVICE_UNAVAILABLE, headers)


def _is_not_json(error: RequestValidationError) -> bool:
    """Whether the body was taken as mere bytes, because its type is not that of JSON."""
    return isinstance(error.body, bytes)


def _answer(status: HTTPStatus, detail: str) -> JSONResponse:
    return JSONResponse({"detail": detail}, status)
