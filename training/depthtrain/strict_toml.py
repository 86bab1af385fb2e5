"""Frozen dataclasses from TOML and back, strictly: an unknown key, a missing key or a wrong type is an error that names the
table, the key and the nearest valid key."""

from __future__ import annotations

import dataclasses
import difflib
import json
import tomllib
import types
import typing
from pathlib import Path


class RecipeError(ValueError):
    """A recipe that cannot be used; the message names the file, the table and the key."""


def load(kind: type, path: Path):
    """An instance of dataclass `kind` from a TOML file. Raises RecipeError for one that cannot be read, too."""
    try:
        return build(kind, tomllib.loads(path.read_text()), f"{path}: recipe")
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(f"{path}: {error}") from error
    except OSError as error:
        raise RecipeError(f"{path}: cannot be read ({error.strerror})") from error


def build(kind: type, table: dict, where: str):
    """An instance of dataclass `kind` from a TOML table; `where` starts every error message."""
    if not isinstance(table, dict):
        raise RecipeError(f"{where}: expected a table, found {type(table).__name__}")
    hints = typing.get_type_hints(kind)
    for key in table:
        if key not in hints:
            raise RecipeError(f"{where}: unknown key {key!r}{nearest(key, hints)}")
    values = {key: _convert(hints[key], value, f"{where}.{key}") for key, value in table.items()}
    for field in dataclasses.fields(kind):
        if field.name not in values and field.default is field.default_factory is dataclasses.MISSING:
            raise RecipeError(f"{where}: missing key {field.name!r}")
    return kind(**values)


def nearest(key: str, known: typing.Iterable[str]) -> str:
    """The advice that ends an error about an unknown key; empty when nothing is near."""
    near = difflib.get_close_matches(key, list(known), n=1)
    return f"; did you mean {near[0]!r}?" if near else ""


def _convert(hint, value, where: str):
    if typing.get_origin(hint) in (tuple, types.GenericAlias):
        if not isinstance(value, list):
            raise RecipeError(f"{where}: expected a list")
        element = typing.get_args(hint)[0]
        return tuple(_convert(element, item, f"{where}[{index}]") for index, item in enumerate(value))
    if dataclasses.is_dataclass(hint):
        return build(hint, value, where)
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise RecipeError(f"{where}: expected {hint.__name__}, found {type(value).__name__}")
    return value


def override(instance, assignment: str):
    """A copy with one `table.key=value` changed; the value is TOML (bare words are strings). Groups cannot be overridden."""
    path, separator, text = assignment.partition("=")
    keys = path.strip().split(".")
    if not separator:
        raise RecipeError(f"--set {assignment}: expected table.key=value, for example losses.berhu=0.5")
    try:
        value = tomllib.loads(f"value = {text.strip()}")["value"]
    except tomllib.TOMLDecodeError:
        value = text.strip()
    return _override(instance, keys, value, f"--set {path.strip()}")


def _override(instance, keys: list[str], value, where: str):
    hints = typing.get_type_hints(type(instance))
    if keys[0] not in hints:
        raise RecipeError(f"{where}: unknown key {keys[0]!r}{nearest(keys[0], hints)}")
    if len(keys) == 1:
        return dataclasses.replace(instance, **{keys[0]: _convert(hints[keys[0]], value, where)})
    inner = getattr(instance, keys[0])
    if not dataclasses.is_dataclass(inner):
        raise RecipeError(f"{where}: {keys[0]!r} is not a table")
    return dataclasses.replace(instance, **{keys[0]: _override(inner, keys[1:], value, where)})


def dump(instance, path: str = "") -> str:
    """TOML text of a dataclass that `build` reads back to an equal instance; plain keys first, then tables."""
    plain, tables = [], []
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        name = f"{path}.{field.name}" if path else field.name
        if dataclasses.is_dataclass(value):
            tables.append(f"\n[{name}]\n{dump(value, name)}")
        elif isinstance(value, tuple) and value and dataclasses.is_dataclass(value[0]):
            tables += [f"\n[[{name}]]\n{dump(item, name)}" for item in value]
        else:
            plain.append(f"{field.name} = {_literal(value)}\n")
    return "".join(plain + tables)


def differences(left, right, path: str = "") -> list[str]:
    """Dotted keys in which two dataclasses of one type differ, each as `key: left -> right`."""
    found = []
    for field in dataclasses.fields(left):
        a, b = getattr(left, field.name), getattr(right, field.name)
        name = f"{path}.{field.name}" if path else field.name
        if dataclasses.is_dataclass(a):
            found += differences(a, b, name)
        elif a != b:
            is_long = isinstance(a, tuple) and any(dataclasses.is_dataclass(item) for item in (*a, *b))
            found.append(f"{name} changed" if is_long else f"{name}: {_literal(a)} -> {_literal(b)}")
    return found


def _literal(value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(_literal(item) for item in value) + "]"
    return json.dumps(value) if isinstance(value, str) else repr(value)
