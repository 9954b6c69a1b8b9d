"""Resemblances from the table of shingles, against the sets themselves."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from nearcopy import resemblance
from nearcopy.text.scanning import Scanned, scan_texts
from tests import naive
from tests.unit.texts import THOROUGH

paragraph = st.lists(st.sampled_from("abcd"), min_size=1, max_size=12).map(" ".join)
text = st.lists(paragraph, min_size=1, max_size=6).map("\n\n".join)


def span_words(scanned: Scanned, span: int) -> list[int]:
    first, end = scanned.span_bounds()[span].tolist()
    return list(scanned.hashes[first:end].tolist())


@THOROUGH
@given(text, st.lists(text, min_size=1, max_size=4), st.integers(1, 4), st.data())
def test_the_oracles_resemblances(one: str, many: list[str], shingle: int, data: st.DataObject) -> None:
    """Over four words, so that shingles repeat in paragraphs and between them; some texts, in any order."""
    a, b = scan_texts([one]), scan_texts(many)
    chosen = data.draw(st.lists(st.integers(0, len(many) - 1), unique=True, max_size=4))
    words = [b.hashes[b.words_of(t)].tolist() for t in chosen]
    whole = [naive.resemblance(a.hashes.tolist(), mine, shingle) for mine in words]
    assert resemblance.of_texts(a, b, chosen, shingle).tolist() == whole
    shares, best = resemblance.of_paragraphs(a, b, chosen, shingle)
    assert shares.shape == best.shape == (len(chosen), len(a.spans))
    for k, t in enumerate(chosen):
        spans = range(int(b.text_spans[t]), int(b.text_spans[t + 1]))
        for p in range(len(a.spans)):
            each = [naive.resemblance(span_words(a, p), span_words(b, v), shingle) for v in spans]
            assert shares[k, p] == max(each)
            assert best[k, p] == (spans[each.index(max(each))] if max(each) else -1)
