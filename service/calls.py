"""A call of the service: a route with the models that validate it, run and described from one place."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, request
from pydantic import BaseModel

from service import problems as kinds
from service.models import InCollection, Query
from service.problems import Problem
from service.reading import read_body, read_query

View = Callable[..., Response]

OF_EVERY_CALL = (kinds.NOT_UTF8, kinds.INVALID_PARAMETER, kinds.INTERNAL)
OF_A_COLLECTION = (kinds.STORAGE_UNAVAILABLE, kinds.OTHER_PARAMETERS)
OF_A_BODY = (kinds.BAD_REQUEST, kinds.INVALID_JSON, kinds.INVALID_FIELD, kinds.WRONG_TYPE, kinds.TOO_LARGE)


@dataclass(frozen=True)
class Call:
    """A view with its models. Flask calls it with the parts of the path; it hands on what it validated."""

    view: View
    query: type[Query]
    body: type[BaseModel] | None
    answers: Mapping[int, Any]
    problems: tuple[Problem, ...]

    def __call__(self, **path: str) -> Response:
        """Validate, then answer."""
        query = read_query(request, self.query)
        given: list[BaseModel] = [] if self.query is Query else [query]
        if self.body is not None:
            given.append(read_body(request, self.body))
        return self.view(*given, **path)

    @property
    def summary(self) -> str:
        """The first line of the view's docstring."""
        return (inspect.getdoc(self.view) or "").partition("\n")[0].rstrip(".")

    @property
    def description(self) -> str:
        """The rest of the view's docstring."""
        return (inspect.getdoc(self.view) or "").partition("\n")[2].strip()

    @property
    def every_problem(self) -> set[Problem]:
        """Its own problems, and those that its query and body imply."""
        implied = {*OF_EVERY_CALL, *self.problems}
        if issubclass(self.query, InCollection):
            implied.update(OF_A_COLLECTION)
        if self.body is not None:
            implied.update(OF_A_BODY)
        return implied


def call(
    blueprint: Blueprint,
    method: str,
    rule: str,
    *,
    answers: Mapping[int, Any],
    query: type[Query] = Query,
    body: type[BaseModel] | None = None,
    problems: tuple[Problem, ...] = (),
) -> Callable[[View], View]:
    """Route ``method rule`` to the decorated view. It gets the query and body if it has any, and the path.

    ``answers``: for each status the type of its JSON, or None. ``problems``: those that this call adds to the
    ones that its query and body imply.
    """

    def register(view: View) -> View:
        route = Call(view, query, body, answers, problems)
        blueprint.add_url_rule(rule, endpoint=view.__name__, view_func=route, methods=[method])
        return view

    return register
