"""Random puts, replaces and deletes against a dictionary, on base and delta pages mixed."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from nearcopy.archive import Archive
from nearcopy.document import Document
from nearcopy.errors import NotFound
from nearcopy.index import bulk
from tests.integration.auditor import audit
from tests.integration.making import document, paragraph

IDS = st.sampled_from(["a", "b", "c", "d/é", "e"])
CONTENTS = st.lists(st.integers(0, 7), min_size=1, max_size=6)
_names: Iterator[int] = iter(range(10**9))


class Collection(RuleBasedStateMachine):
    """An archive beside a dictionary."""

    url = ""

    def __init__(self) -> None:
        super().__init__()
        self.archive = Archive.open(self.url, f"m{os.getpid()}-{next(_names)}")
        self.model: dict[str, Document] = {}

    @initialize(loaded=st.dictionaries(IDS, CONTENTS, max_size=4))
    def load(self, loaded: dict[str, list[int]]) -> None:
        """Some collections begin with base pages."""
        self.model = {id: document(id, numbers) for id, numbers in loaded.items()}
        if loaded:
            bulk.load(self.archive.store, self.model.values())

    @rule(id=IDS, numbers=CONTENTS, title=st.sampled_from([None, "t"]))
    def put(self, id: str, numbers: list[int], title: str | None) -> None:
        one = document(id, numbers, **({"title": title} if title else {}))
        before = self.model.get(id)
        wanted = "created" if before is None else "unchanged" if before == one else "replaced"
        assert self.archive.put(one) == wanted
        self.model[id] = one

    @rule(batch=st.lists(st.tuples(IDS, CONTENTS), max_size=6))
    def put_many(self, batch: list[tuple[str, list[int]]]) -> None:
        made = [document(id, numbers) for id, numbers in batch]
        assert len(list(self.archive.put_many(made))) == len(made)
        self.model |= {one.id: one for one in made}

    @rule(id=IDS)
    def delete(self, id: str) -> None:
        assert self.archive.delete(id) == (self.model.pop(id, None) is not None)

    @rule(id=IDS)
    def get(self, id: str) -> None:
        if id in self.model:
            assert self.archive.get(id) == self.model[id]
        else:
            with pytest.raises(NotFound):
                self.archive.get(id)

    @rule(numbers=st.lists(st.integers(0, 7), min_size=1, max_size=4, unique=True))
    def check(self, numbers: list[int]) -> None:
        holding = [{id for id, one in self.model.items() if paragraph(n) in one.text} for n in numbers]
        report = self.archive.check("\n\n".join(paragraph(n) for n in numbers))
        assert [one.documents for one in report.paragraphs] == [len(ids) for ids in holding]
        assert {source.document for source in report.sources} == set().union(*holding)

    @invariant()
    def holds_what_the_model_holds(self) -> None:
        audit(self.archive, self.model)
        assert self.archive.stats()["documents"] == len(self.model)

    def teardown(self) -> None:
        for id in self.model:
            self.archive.delete(id)
        audit(self.archive, {})
        self.archive.close()


def test_any_order_of_writes_leaves_what_a_dictionary_would(redis_url: str) -> None:
    Collection.url = redis_url
    slow = [HealthCheck.too_slow, HealthCheck.filter_too_much]
    run_state_machine_as_test(  # type: ignore[no-untyped-call]
        Collection,
        settings=settings(
            deadline=None, max_examples=8, stateful_step_count=24, suppress_health_check=slow, database=None
        ),
    )
