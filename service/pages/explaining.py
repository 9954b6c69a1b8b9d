"""What each figure of a report means, in the words of the page."""

from __future__ import annotations

from nearcopy.judge.case import Options

DEFAULTS = Options()

EXPLANATIONS = {
    "verdict": f"“A copy”: one source holds {DEFAULTS.copy_from:.0%} or more of the words of this text. “Not "
    f"found before”: all sources together hold less than {DEFAULTS.unique_below:.0%} of them. “Copied in "
    "part” is all between. Common paragraphs are left out of this, and one that repeats another counts once: "
    "the verdict may differ from what the percentages suggest.",
    "coverage": "The share of this text's words that stand in a passage shared with any source, each "
    "word counted once. Common paragraphs and repeats are words too.",
    "containment": "How much of this text stands in that source: the share of this text's words that lie in "
    "a passage shared with it.",
    "contained": "How much of that source stands in this text: the share of the source's own words. If this "
    "is high and the share of this text is low, the source was taken over whole into something longer.",
    "resemblance": "How alike both texts are as wholes, from 0 to 1: of all runs of a few words that either "
    "has, the share that both have (the Jaccard coefficient of their shingles). Every small edit lowers it.",
    "passages": "A passage is a run of words that both texts share, in the same order, with edits of at most "
    "a few words inside. “89% equal” means that of its words, on the longer side, 89% are the same.",
    "earliest": "The first by date of the sources that hold at least half as much of this text as the best "
    "one does: an old quotation of one line did not have the story. Dates are those that the archive "
    "was given.",
}
