"""What the model refuses, said in words that an operator can act on."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any, get_args

from agent.config.catalogue import CHAPTERS, Key, dotted, find, is_secret

WANTED = {
    "bool_parsing": "write true or false",
    "bool_type": "write true or false",
    "int_parsing": "write a whole number",
    "int_type": "write a whole number",
    "int_from_float": "write a whole number",
    "float_parsing": "write a number",
    "float_type": "write a number",
    "finite_number": "write a number",
    "string_type": "write text in quotes",
    "path_type": "write a path in quotes",
    "tuple_type": "write a list in square brackets",
    "dict_type": "write a table",
    "model_type": "write a section with keys of its own",
}
BOUNDS = {
    "greater_than_equal": ("ge", "write at least"),
    "greater_than": ("gt", "write more than"),
    "less_than_equal": ("le", "write at most"),
    "string_too_short": ("min_length", "the least length is"),
    "string_too_long": ("max_length", "the greatest length is"),
    "too_short": ("min_length", "the least number of items is"),
}


def explain(error: Mapping[str, Any], key: Key) -> str:
    """Return what is wrong with `key` and what to do, without ever showing a secret."""
    kind = error["type"]
    if kind == "extra_forbidden":
        return f"is not a setting; {_suggestion(key)}"
    context = error.get("ctx", {})
    shown = _shown(error["input"], key)
    if kind == "value_error":
        return f"{shown} {context['error']}"
    if kind == "literal_error":
        return f"is {shown}; {_choices(key, error['input'])}"
    if kind in BOUNDS:
        name, wanted = BOUNDS[kind]
        return f"is {shown}; {wanted} {context[name]:g}"
    return f"is {shown}; {WANTED.get(kind, error['msg'])}"


def _shown(value: object, key: Key) -> str:
    field = find(key)
    if field is not None and is_secret(field):
        return "(a secret)"
    return f'"{value}"' if isinstance(value, str) else str(value).lower() if value is True else str(value)


def _choices(key: Key, value: object) -> str:
    field = find(key)
    choices = list(_literals(field.annotation)) if field else []
    written = ", ".join(f'"{choice}"' if isinstance(choice, str) else str(choice) for choice in choices)
    close = get_close_matches(str(value), map(str, choices), n=1)
    return f'did you mean "{close[0]}"? It may be {written}' if close else f"write one of {written}"


def _literals(annotation: object) -> Iterable[object]:
    for part in get_args(annotation):
        if isinstance(part, str | int):
            yield part
        elif part is not Ellipsis:
            yield from _literals(part)


def _suggestion(key: Key) -> str:
    chapter = CHAPTERS.get(key[0])
    if chapter is None or len(key) == 1:
        close = get_close_matches(key[0], CHAPTERS, n=1)
        return f"did you mean [{close[0]}]?" if close else f"the sections are {', '.join(CHAPTERS)}"
    elsewhere = [name for name, other in CHAPTERS.items() if key[-1] in other.fields()]
    if elsewhere:
        return f"did you mean {elsewhere[0]}.{key[-1]}?"
    close = get_close_matches(key[-1], chapter.fields(), n=1)
    if close:
        return f"did you mean {dotted((*key[:-1], close[0]))}?"
    return f"the keys of [{key[0]}] are {', '.join(chapter.fields())}"
