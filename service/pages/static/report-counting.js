/* Which passages of a report count, and what that comes to: figures alone, nothing of the page. */
"use strict";
(() => {
  const nearcopy = (window.nearcopy ??= {});

  /* The figures that the server wrote beside the report (service/pages/figures.py), taken out of flat lists. */
  nearcopy.figuresOf = (root) => {
    const told = JSON.parse(root.querySelector("#figures").textContent);
    const rows = (flat, width) =>
      Array.from({ length: flat.length / width }, (_, row) => flat.slice(row * width, (row + 1) * width));
    return {
      ...told,
      paragraphs: rows(told.paragraphs, 2).map(([words, status]) => ({ words, status })),
      pieces: rows(told.pieces, 4).map(([paragraph, words, quoted, start]) => ({ paragraph, words, quoted, start })),
      sources: told.sources.map((source) => ({
        publisher: source.publisher,
        passages: rows(source.passages, 4).map(([first, end, words, similarity], number) => ({
          number, first, end, words, similarity,
        })),
        differs: rows(source.differs, 4).map(([passage, piece, from, to]) => ({ passage, piece, from, to })),
      })),
    };
  };

  /* What counts when no one has changed anything. */
  nearcopy.everything = () => ({
    leastEqual: 0, leastWords: 0, noCommon: false, noQuotations: false, sources: new Set(), publishers: new Set(),
  });

  nearcopy.passagesThatCount = (figures, settings, source) => {
    const { publisher, passages } = figures.sources[source];
    if (settings.sources.has(source) || settings.publishers.has(publisher)) return [];
    return passages.filter(({ first, end, similarity, words }) =>
      first < end && similarity >= settings.leastEqual && words >= settings.leastWords);
  };

  /* owner: the best source of each piece, or -1; total, covered and bySource in words; the verdict. */
  nearcopy.count = (figures, settings) => {
    const { paragraphs, pieces, sources } = figures;
    const left = (piece) =>
      (settings.noCommon && paragraphs[piece.paragraph].status === "common") ||
      (settings.noQuotations && piece.quoted);
    const fresh = (paragraph) => !["common", "repeat"].includes(paragraph.status);
    let total = 0, freshTotal = 0, covered = 0, freshCovered = 0, freshBest = 0;
    for (const paragraph of paragraphs) {
      if (settings.noCommon && paragraph.status === "common") continue;
      total += paragraph.words;
      if (fresh(paragraph)) freshTotal += paragraph.words;
    }
    for (const piece of pieces) {
      const paragraph = paragraphs[piece.paragraph];
      if (!settings.noQuotations || !piece.quoted || (settings.noCommon && paragraph.status === "common")) continue;
      total -= piece.words;
      if (fresh(paragraph)) freshTotal -= piece.words;
    }
    const owner = new Int32Array(pieces.length).fill(-1);
    const bySource = sources.map((_, source) => {
      const inside = new Uint8Array(pieces.length);
      for (const { first, end } of nearcopy.passagesThatCount(figures, settings, source)) inside.fill(1, first, end);
      let words = 0, freshWords = 0;
      pieces.forEach((piece, number) => {
        if (!inside[number] || left(piece)) return;
        const isFresh = fresh(paragraphs[piece.paragraph]);
        words += piece.words;
        if (isFresh) freshWords += piece.words;
        if (owner[number] >= 0) return;
        owner[number] = source;
        covered += piece.words;
        if (isFresh) freshCovered += piece.words;
      });
      freshBest = Math.max(freshBest, freshWords);
      return words;
    });
    let verdict = "partial";
    if (!freshTotal || freshCovered < figures.unique_below * freshTotal) verdict = "unique";
    else if (freshBest >= figures.copy_from * freshTotal) verdict = "copy";
    return { owner, total, covered, bySource, verdict };
  };

  nearcopy.percent = (share) => {
    if (share > 0 && share < 0.01) return "under 1%";
    return `${share < 1 ? Math.min(Math.round(100 * share), 99) : 100}%`;
  };
})();
