"""Signing: from raw text to the signatures of its paragraphs, in MB/s on one core.

All sign the same paragraphs (8 words or more) with the shingles of 3 words and 108 permutations. Nearcopy is
given whole raw texts, and segments, folds and splits them itself; the others are given the paragraphs. What
differs: datasketch (affine32) and rensa have no tokeniser, so Python folds, splits by a pattern and joins
shingles for them; gaoya is measured with its own tokeniser (white space, lower case: punctuation stays on the
words) and with those same shingles from Python. rensa is its fastest call of those that keep one minimum for
each permutation, and its one-permutation variants are listed beside it: their sketches are another scheme.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from itertools import islice

import numpy as np
from datasketch import MinHash
from gaoya.minhash import MinHashStringIndex
from rensa import CMinHash, RMinHash

from bench.common import Figure, arguments, documents, one_core, plain_words, report, rounds
from nearcopy.archive import warm_up
from nearcopy.parameters import Parameters
from nearcopy.signature import sign_texts
from nearcopy.text.scanning import scan_texts

PARAMETERS = Parameters()
BATCH_CHARACTERS = 250_000
"""As many as ingest signs in one call."""

WORD_BREAK = re.compile(r"\s+")


def shingles(paragraph: str) -> list[str]:
    """The shingles of a paragraph, by Python."""
    words = plain_words(paragraph)
    size = PARAMETERS.shingle
    return [" ".join(words[k : k + size]) for k in range(len(words) - size + 1)]


def paragraphs(texts: list[str]) -> list[str]:
    """The paragraphs that are long enough to be indexed, cut where Nearcopy cuts them."""
    scanned = scan_texts(texts)
    return [
        text[start:end]
        for index, text in enumerate(texts)
        for start, end, first, last in scanned.spans_of(index).tolist()
        if last - first >= PARAMETERS.least_words
    ]


def batches(texts: list[str]) -> list[list[str]]:
    """The texts in batches, as ingest makes them."""
    out: list[list[str]] = [[]]
    size = 0
    for text in texts:
        if size + len(text) > BATCH_CHARACTERS and out[-1]:
            out.append([])
            size = 0
        out[-1].append(text)
        size += len(text)
    return out


def ours(texts: list[str]) -> Callable[[], object]:
    """Raw texts to signatures, a batch a call."""
    parts = batches(texts)
    return lambda: [sign_texts(part, PARAMETERS) for part in parts]


def datasketch(blocks: list[str]) -> Callable[[], object]:
    """datasketch's vectorised update, its own SHA-1 as the hash."""
    empty = MinHash(num_perm=PARAMETERS.permutations, seed=PARAMETERS.seed, scheme="affine32")

    def one(block: str) -> np.ndarray:
        sketch = empty.copy()
        sketch.update_batch([shingle.encode() for shingle in shingles(block)])
        return sketch.hashvalues

    return lambda: [one(block) for block in blocks]


def rensa(blocks: list[str], call: str) -> Callable[[], object]:
    """All paragraphs in one call of one of rensa's functions."""
    kind, method = call.split(".")
    function = getattr({"RMinHash": RMinHash, "CMinHash": CMinHash}[kind], method)
    return lambda: function([shingles(block) for block in blocks], PARAMETERS.permutations, 1)


def gaoya(blocks: list[str], own_words: bool) -> Callable[[], object]:
    """gaoya's hashing; by shingles only as the query of an empty index."""
    index = MinHashStringIndex(
        32, 0.5, PARAMETERS.bands, PARAMETERS.rows, None, "word", True,
        (PARAMETERS.shingle, PARAMETERS.shingle), "smallvec",
    ).minhash_index
    if own_words:
        return lambda: [index.tokenize_and_minhash(block) for block in blocks]
    return lambda: [index.query_tokens(shingles(block)) for block in blocks]


def errors(blocks: list[str]) -> dict[str, float]:
    """The root mean square error of each estimate of resemblance, over paragraphs and worn copies."""
    dice = random.Random(1)
    pairs = []
    for block in blocks:
        words, share = block.split(), dice.uniform(0, 0.3)
        pairs += [block, " ".join(word for word in words if dice.random() >= share) or block]
    sets = [set(shingles(text)) or {text} for text in pairs]
    exact = [len(a & b) / len(a | b) for a, b in zip(sets[::2], sets[1::2], strict=True)]
    count = PARAMETERS.permutations
    # A text of one paragraph has one signature
    signed = {
        "nearcopy": sign_texts([WORD_BREAK.sub(" ", text) for text in pairs], PARAMETERS),
        "datasketch update_batch": np.array(datasketch(pairs)()),
        "rensa RMinHash": np.array(RMinHash.digest_matrix_from_token_sets(sets, count, 1).to_rows()),
        "rensa RMinHash rho": np.array(RMinHash.digest_matrix_from_token_sets_rho(sets, count, 1).to_rows()),
        "rensa CMinHash": np.array(CMinHash.digests_from_token_sets(sets, count, 1)),
        "gaoya, its words": np.array(gaoya(pairs, own_words=True)()),
    }
    return {
        name: float(np.sqrt(np.mean(((rows[::2] == rows[1::2]).mean(axis=1) - exact) ** 2)))
        for name, rows in signed.items()
    }


def main() -> None:
    """Measure and print."""
    asked = arguments(__doc__)
    one_core()
    warm_up()
    stored = islice(documents("press_releases"), 0, None, 40 if asked.quick else 4)
    texts = [document.text for document in stored]
    sample = texts[:: 20 if asked.quick else 16]
    blocks = paragraphs(sample)
    megabytes, peer_megabytes = (sum(len(t.encode()) for t in part) / 1e6 for part in (texts, sample))
    own = rounds({"ours": ours(texts)}, 3)["ours"]
    taken = rounds(
        {
            "nearcopy": ours(sample),
            "datasketch update_batch": datasketch(blocks),
            "rensa RMinHash": rensa(blocks, "RMinHash.digest_matrix_from_token_sets"),
            "rensa RMinHash rho": rensa(blocks, "RMinHash.digest_matrix_from_token_sets_rho"),
            "rensa CMinHash": rensa(blocks, "CMinHash.digests_from_token_sets"),
            "gaoya, its words": gaoya(blocks, own_words=True),
            "gaoya, our shingles": gaoya(blocks, own_words=False),
        },
        3 if asked.quick else 5,
    )
    rate = {name: peer_megabytes / time for name, time in taken.items()}
    wrong = errors(blocks[:400])
    same = f"the same {peer_megabytes:.1f} MB, {len(blocks):,} paragraphs, in turns"
    figures = [
        Figure("nearcopy, raw text to paragraph signatures", megabytes / own, "MB/s", least=100,
               note=f"{megabytes:.0f} MB in batches of {BATCH_CHARACTERS:,} characters"),
        *(Figure(name, value, "MB/s", note=same) for name, value in rate.items()),
        *(Figure(f"nearcopy / {name}", rate["nearcopy"] / rate[name], "x", least=least)
          for name, least in (
              ("datasketch update_batch", 35), ("rensa RMinHash", 8), ("rensa CMinHash", 8),
              ("gaoya, its words", 3), ("gaoya, our shingles", 3),
          )),
        *(Figure(f"error of resemblance, {name}", error, "rms", note="expected at 108 permutations: 0.04")
          for name, error in wrong.items()),
    ]
    report(figures, asked.json)


if __name__ == "__main__":
    main()
