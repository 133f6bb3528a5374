"""The demo model's small talk: a table of patterns and, beside it, what is said when one is found. Pure.

The first rule that finds its pattern and has something to say speaks. Where none does, the prompt is repeated.
Only a prompt's first 2,000 characters are read, since the patterns are not made for books.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable

NAME = "chatsdk-demo"
_MOST_COUNTED = 1_000
_MOST_READ = 2_000


def say(prompt: str) -> str:
    """A few sentences in answer to a prompt; always the same ones."""
    prompt = prompt[:_MOST_READ].strip()
    for pattern, speak in _RULES:
        if (found := pattern.search(prompt)) and (said := speak(found)) is not None:
            return said
    return _echo(prompt)


def _greet(found: re.Match[str]) -> str:
    return f"Hello! I am {NAME}, a handful of rules in place of a model. What shall we talk about?"


def _welcome(found: re.Match[str]) -> str:
    return "You are welcome."


def _introduce(found: re.Match[str]) -> str:
    return (
        f"I am {NAME}, a handful of rules in place of a language model. "
        "I greet, count, calculate, repeat and call tools, and I know nothing of the world."
    )


def _admit_ignorance(found: re.Match[str]) -> str:
    return f"I have no clock and no window, so the {found['unknown'].lower()} is unknown to me."


def _count(found: re.Match[str]) -> str | None:
    first, last = int(found["first"] or 1), int(found["last"])
    if abs(last - first) >= _MOST_COUNTED:
        return f"That is too far: I count {_MOST_COUNTED} numbers at most."
    step = 1 if last >= first else -1
    return ", ".join(map(str, range(first, last + step, step))) + "."


def _measure(found: re.Match[str]) -> str:
    text = found["text"].strip(" \"'?.!")
    unit = found["unit"].lower()
    size = len(text.split()) if unit == "word" else sum(character.isalnum() for character in text)
    return f"I count {size} {unit}{'' if size == 1 else 's'} in {text!r}."


def _calculate(found: re.Match[str]) -> str | None:
    """`None` for what only looks like arithmetic, such as a date."""
    expression = found["expression"].strip()
    try:
        tree = ast.parse(expression, mode="eval")
        value = _evaluate(tree.body)
        return f"{expression} = {int(value) if value == int(value) else round(value, 6)}"
    except ZeroDivisionError:
        return "Nothing can be divided by zero."
    except (SyntaxError, ValueError, OverflowError):
        return None


def _repeat(found: re.Match[str]) -> str:
    return found["text"].strip().strip("\"'")


def _tell(found: re.Match[str]) -> str:
    topic = found["topic"].strip(" \"'?.!")
    return (
        f"{topic[:1].upper()}{topic[1:]} is a subject one could speak about for a long time. "
        f"A model would begin with what {topic} is and where it comes from. "
        "It would go on to what people make of it, and why they do not agree. "
        f"I am a demo, and all I know of {topic} is its name."
    )


def _echo(prompt: str) -> str:
    if not prompt:
        return "You said nothing in words, and words are all I understand."
    return f"You said: {prompt!r}. I am a demo model and have no rule for that; try a greeting, a sum or a topic."


_OPERATORS: dict[type[ast.AST], Callable[..., float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
    ast.USub: operator.neg,
    ast.UAdd: operator.pos,
}


def _evaluate(node: ast.AST) -> float:
    """The four operations on numbers; ValueError for anything else."""
    match node:
        case ast.Constant(value=int() | float() as value):
            return value
        case ast.UnaryOp(op=op, operand=operand) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(operand))
        case ast.BinOp(left=left, op=op, right=right) if type(op) in _OPERATORS:
            return _OPERATORS[type(op)](_evaluate(left), _evaluate(right))
        case _:
            raise ValueError(f"not arithmetic: {type(node).__name__}")


def _rule(
    pattern: str, speak: Callable[[re.Match[str]], str | None]
) -> tuple[re.Pattern[str], Callable[[re.Match[str]], str | None]]:
    return re.compile(pattern, re.IGNORECASE | re.DOTALL), speak


_RULES = [
    _rule(r"^(say )?(hi|hello|hey|good (morning|afternoon|evening))( there| you| everyone)?[\s.,!]*$", _greet),
    _rule(r"\b(thanks|thank you)\b", _welcome),
    _rule(r"\b(who|what) are you\b|\bwhat model\b|\byour name\b", _introduce),
    _rule(r"\bcount(?: from (?P<first>\d{1,9}))?(?: up| down)? to (?P<last>\d{1,9})\b", _count),
    _rule(r"\bhow many (?P<unit>word|letter)s?\b.*?\bin (?P<text>.+)", _measure),
    _rule(r"(?P<expression>[(\d.\-+][\d\s.()]*[-+*/][-+*/\d\s.()]{0,60}[\d)])", _calculate),
    _rule(
        r"(?:^|\b(?:what|know|is)\b.*\b)(?P<unknown>time|date|weather|news|temperature)\b",
        _admit_ignorance,
    ),
    _rule(r"^(?:please )?(?:say|repeat|echo)\b(?: after me)?[:,]?\s+(?P<text>.+)", _repeat),
    _rule(r"\b(?:about|explain|describe|define)\s+(?P<topic>.+)", _tell),
    _rule(r"^(?:what|who) (?:is|are|was|were)\s+(?P<topic>.+)", _tell),
]
