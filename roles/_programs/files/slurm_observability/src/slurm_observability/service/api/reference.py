"""The operations of the API, read from its OpenAPI document, as HTML for the service and as Markdown for docs/."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from typing import Any, NamedTuple

_STYLE = "body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto}td,th{text-align:left;padding-right:1em}"


class Parameter(NamedTuple):
    """What a request can say: in its path, its query, or as a member of its body."""

    name: str
    place: str
    kind: str
    meaning: str


class Operation(NamedTuple):
    """A method on a path, with what it takes and how it answers."""

    method: str
    path: str
    text: str
    parameters: Sequence[Parameter]
    answers: Mapping[str, str]


def operations(document: Mapping[str, Any]) -> list[Operation]:
    """Return the operations of an OpenAPI document, in its order."""
    schemas = document["components"]["schemas"]
    return [
        Operation(
            method.upper(),
            path,
            operation["description"],
            [*_parameters(operation), *_members(operation, schemas)],
            {status: _answer(answer) for status, answer in operation["responses"].items()},
        )
        for path, methods in document["paths"].items()
        for method, operation in methods.items()
    ]


def as_markdown(info: Mapping[str, Any], found: Sequence[Operation]) -> str:
    """Return the page of docs/."""
    lines = [
        f"# The API of {info['title']}",
        "",
        "Made from the program's own OpenAPI document (`/openapi.json`); a test holds both together.",
        "",
        info["description"],
    ]
    for operation in found:
        lines += [f"## {operation.method} {operation.path}", "", operation.text, ""]
        if operation.parameters:
            lines += ["| name | in | type | meaning |", "|---|---|---|---|"]
            lines += [
                f"| `{each.name}` | {each.place} | {_cell(each.kind)} | {_cell(each.meaning)} |"
                for each in operation.parameters
            ]
            lines.append("")
        lines += ["| answer | |", "|---|---|"]
        lines += [f"| {status} | {_cell(text)} |" for status, text in operation.answers.items()]
        lines.append("")
    return "\n".join(lines)


def as_html(info: Mapping[str, Any], found: Sequence[Operation]) -> str:
    """Return the page of the service."""
    title = escape(f"{info['title']} {info['version']}")
    lines = [
        f"<!doctype html><html lang=en><meta charset=utf-8><title>{title}</title><style>{_STYLE}</style>",
        f"<h1>{title}</h1><p>{escape(info['description'])}</p>",
        "<p>For programs: <a href=/openapi.json>openapi.json</a></p>",
    ]
    for operation in found:
        lines.append(f"<h2>{operation.method} {escape(operation.path)}</h2><p>{escape(operation.text)}</p>")
        lines += _table(("name", "in", "type", "meaning"), operation.parameters)
        lines += _table(("answer", ""), list(operation.answers.items()))
    return "\n".join(lines)


def _parameters(operation: Mapping[str, Any]) -> Iterator[Parameter]:
    for each in operation.get("parameters", ()):
        yield Parameter(each["name"], each["in"], _kind(each["schema"]), each.get("description", ""))


def _members(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[Parameter]:
    """Yield what the body of a request is made of."""
    if "requestBody" in operation:
        schema = schemas[_name(operation["requestBody"]["content"]["application/json"]["schema"])]
        for name, member in schema["properties"].items():
            meaning = "required" if name in schema.get("required", ()) else ""
            yield Parameter(name, "body", _kind(member), meaning)


def _answer(answer: Mapping[str, Any]) -> str:
    name = _name(answer.get("content", {}).get("application/json", {}).get("schema", {}))
    return f"{answer['description']} {name}".strip() if name != "Problem" else answer["description"]


def _kind(schema: Mapping[str, Any]) -> str:
    """Return a schema in a few words."""
    if "$ref" in schema:
        return _name(schema)
    if "anyOf" in schema:
        return " or ".join(_kind(part) for part in schema["anyOf"] if part.get("type") != "null")
    if "enum" in schema:
        return ", ".join(schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"list of {_kind(schema['items'])}"
    return str(schema.get("type", "anything"))


def _name(schema: Mapping[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[2]


def _cell(text: str) -> str:
    return " ".join(text.replace("|", "\\|").split())


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    if rows:
        yield f"<table><tr>{''.join(f'<th>{escape(cell)}</th>' for cell in head)}</tr>"
        for row in rows:
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>"
        yield "</table>"
