/* A source beside the text: its passages linked both ways, what differs in them, both columns in step. */
"use strict";
(() => {
  const nearcopy = (window.nearcopy ??= {});
  /* Where in a column one reads, as a share of its height. */
  const READING = 0.3;

  nearcopy.Beside = class {
    constructor(root, figures, pieces) {
      Object.assign(this, { root, figures, pieces, source: null, steps: [], step: -1, left: new Map() });
      this.mine = root.querySelector("#mine");
      this.theirs = root.querySelector("#theirs");
      this.together = root.querySelector("#together");
      for (const column of [this.mine, this.theirs])
        column.addEventListener("scroll", () => this.follow(column), { passive: true });
    }

    /* Show a source with those of its passages that count; null for all of them. */
    choose(source, passages) {
      this.leave();
      this.source = source;
      this.root.classList.toggle("beside", source !== null);
      for (const card of this.root.querySelectorAll(".source")) {
        const chosen = Number(card.dataset.source) === source;
        card.classList.toggle("chosen", chosen);
        card.hidden = source !== null && !chosen;
        if (source !== null) card.querySelector(".there").open = chosen;
      }
      this.steps = passages.map((one) => this.stepOf(one));
      if (source === null) return;
      for (const { first, end } of passages)
        for (let piece = first; piece < end; piece++) this.pieces[piece].classList.add("on");
      this.underline(new Set(passages.map((one) => one.number)));
      this.inOrder = {
        [this.mine.id]: this.steps.filter((one) => one.there),
        [this.theirs.id]: this.steps.filter((one) => one.there).sort(
          (a, b) => (a.there.compareDocumentPosition(b.there) & Node.DOCUMENT_POSITION_FOLLOWING ? -1 : 1)),
      };
    }

    stepOf(passage) {
      const there = this.source === null ? null :
        this.root.querySelector(`.source.chosen .there [data-p="${passage.number}"]`);
      return { passage, here: this.pieces[passage.first], there };
    }

    leave() {
      for (const one of this.root.querySelectorAll(".on, .now")) one.classList.remove("on", "now");
      window.CSS?.highlights?.delete("differs");
      this.step = -1;
    }

    /* Words of the text that the source does not have: shown without changing the page. */
    underline(passages) {
      if (!window.CSS?.highlights) return;
      const ranges = [];
      for (const { passage, piece, from, to } of this.figures.sources[this.source].differs) {
        const node = this.pieces[piece].firstChild;
        if (passages.has(passage))
          ranges.push(new StaticRange({ startContainer: node, startOffset: from, endContainer: node, endOffset: to }));
      }
      CSS.highlights.set("differs", new Highlight(...ranges));
    }

    /* Go to a passage, by its place among the steps. */
    go(step) {
      if (!this.steps.length) return;
      this.step = Math.max(0, Math.min(step, this.steps.length - 1));
      const { passage, here, there } = this.steps[this.step];
      for (const one of this.root.querySelectorAll(".now")) one.classList.remove("now");
      for (let piece = passage.first; piece < passage.end; piece++) this.pieces[piece].classList.add("now");
      if (this.source === null) {
        here.scrollIntoView({ block: "center" });
        return;
      }
      for (const one of this.root.querySelectorAll(`.source.chosen .there [data-p="${passage.number}"]`))
        one.classList.add("now");
      /* What is not shown yet has an estimated height: once more when it is there. */
      this.settle(here, there);
      requestAnimationFrame(() => this.settle(here, there));
    }

    settle(here, there) {
      this.scroll(this.mine, here.getBoundingClientRect().top);
      if (there) this.scroll(this.theirs, there.getBoundingClientRect().top);
    }

    /* Bring what is at that height of the window to where one reads in a column. */
    scroll(column, top) {
      column.scrollTop += Math.round(top - this.line(column));
      this.left.set(column, column.scrollTop);
    }

    line(column) {
      const box = column.getBoundingClientRect();
      const covered = column === this.theirs ? this.root.querySelector("#tools").offsetHeight + 20 : 0;
      return box.top + Math.max(READING * box.height, covered);
    }

    /* One column was scrolled: the other shows the same passage at the same height. */
    follow(column) {
      if (this.source === null || !this.together.checked) return;
      /* Where we ourselves left it, nobody has scrolled. */
      if (Math.abs(column.scrollTop - (this.left.get(column) ?? -9)) < 2) return;
      this.left.delete(column);
      const order = this.inOrder[column.id];
      if (!order.length) return;
      const [from, to, other] =
        column === this.mine ? ["here", "there", this.theirs] : ["there", "here", this.mine];
      const top = (step, side) => step[side].getBoundingClientRect().top;
      const line = this.line(column);
      let low = 0, high = order.length;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (top(order[middle], from) <= line) low = middle + 1;
        else high = middle;
      }
      const before = order[Math.max(low - 1, 0)], after = order[low];
      let target = top(before, to) + line - top(before, from);
      if (low > 0 && after && top(after, to) > top(before, to)) {
        const done = (line - top(before, from)) / Math.max(1, top(after, from) - top(before, from));
        target = top(before, to) + done * (top(after, to) - top(before, to));
      }
      this.scroll(other, target);
    }
  };
})();
