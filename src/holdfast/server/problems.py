"""What is wrong with an input, in our own words; never the value, it may be what was said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["problem_of"]

_WORDS = {
    "missing": "it is missing",
    "extra_forbidden": "there is no such field",
    "json_invalid": "it is not JSON",
    "none_required": "leave it out",
    "string_pattern_mismatch": "it is not written as it must be",
    "timezone_aware": "expected a time with its offset from UTC",
    "finite_number": "expected a finite number",
    "int_from_float": "expected a whole number",
}
_EXPECTED = {
    "string": "text",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "decimal": "a number",
    "list": "a list",
    "tuple": "a list",
    "dict": "an object",
    "model": "an object",
    "model_attributes": "an object",
    "mapping": "an object",
    "datetime": "a time in ISO 8601",
    "datetime_from_date": "a time in ISO 8601",
    "date": "a date as YYYY-MM-DD",
    "date_from_datetime": "a date as YYYY-MM-DD",
    "url": "a web address",
    "uuid": "an id",
    "bytes": "bytes",
    "string_unicode": "text in Unicode",
}
"""By the beginning of the kinds of pydantic's that end in one of `_ENDINGS`."""
_ENDINGS = ("_type", "_parsing", "_inexact", "_parsing_size", "_object_invalid")
_LIMITS = {
    "string_too_long": "it has at most {max_length} characters",
    "string_too_short": "it has at least {min_length} characters",
    "too_long": "it has at most {max_length} entries",
    "too_short": "it has at least {min_length} entries",
    "greater_than": "it is more than {gt}",
    "greater_than_equal": "it is at least {ge}",
    "less_than": "it is less than {lt}",
    "less_than_equal": "it is at most {le}",
    "literal_error": "expected {expected}",
    "enum": "expected {expected}",
}
"""What they name is of the schema and not of the input."""
_ANYTHING_ELSE = "it is not as it must be"


def problem_of(error: Mapping[str, Any]) -> str:  # pydantic's own, untyped here
    """One of the errors of a pydantic validation, for whoever wrote the client."""
    kind = str(error["type"])
    if kind in _WORDS:
        return _WORDS[kind]
    if kind in _LIMITS:
        return _LIMITS[kind].format_map(error.get("ctx", {}))
    for ending in _ENDINGS:
        expected = _EXPECTED.get(kind.removesuffix(ending)) if kind.endswith(ending) else None
        if expected is not None:
            return f"expected {expected}"
    return f"expected {_EXPECTED[kind]}" if kind in _EXPECTED else _ANYTHING_ELSE
