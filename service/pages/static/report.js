/* A report: what counts in it, its sources, its keys. */
"use strict";
(() => {
  const nearcopy = (window.nearcopy ??= {});
  const VERDICTS = { "A copy": "copy", "Copied in part": "partial", "Not found before": "unique" };
  const SVG = "http://www.w3.org/2000/svg";

  class Report {
    constructor(root) {
      this.root = root;
      this.figures = nearcopy.figuresOf(root);
      this.pieces = Array.from(root.querySelectorAll(".g"));
      this.cards = Array.from(root.querySelectorAll(".source"));
      this.headline = Array.from(this.find("headline").childNodes);
      this.badge = this.find("verdict").textContent;
      this.settings = nearcopy.everything();
      this.beside = new nearcopy.Beside(root, this.figures, this.pieces);
      this.source = null;
      this.wake();
      this.listen();
      this.count();
      this.found = this.counted.bySource;
    }

    find(id) { return this.root.querySelector(`#${id}`); }

    /* What is of no use without a script. */
    wake() {
      for (const one of this.root.querySelectorAll("#controls, #tools, .ignoring, .print")) one.hidden = false;
      for (const one of this.root.querySelectorAll(".choose")) one.disabled = false;
      const link = this.find("link");
      if (link) link.value = new URL(link.value, location.href).href;
    }

    listen() {
      this.root.addEventListener("click", (event) => this.clicked(event));
      this.root.addEventListener("input", (event) => {
        if (event.target.closest("#controls, .ignoring")) this.changed();
      });
    }

    clicked(event) {
      const on = (selector) => event.target.closest(selector);
      const linked = on("[data-source]:not(.source)");
      if (on(".choose")) this.choose(Number(on(".source").dataset.source));
      else if (linked) { event.preventDefault(); this.choose(Number(linked.dataset.source)); }
      else if (on("a[data-p]")) { event.preventDefault(); this.toPassage(on("a[data-p]")); }
      else if (on("#all-sources")) this.choose(null);
      else if (on("#next")) this.walk(1);
      else if (on("#previous")) this.walk(-1);
      else if (on("#reset")) this.reset();
      else if (on(".print")) window.print();
      else if (on("#bar [data-g]")) this.toPiece(Number(on("[data-g]").dataset.g), false);
      else if (on("#bar")) this.toShare(event);
      else if (on(".g") && getSelection().isCollapsed) this.toPiece(this.pieces.indexOf(on(".g")), true);
    }

    /* Beside the text one source, or with null all of them. */
    choose(source) {
      const from = this.source;
      this.source = source;
      this.beside.choose(source, this.steps());
      this.find("all-sources").hidden = source === null;
      this.tell();
      if (source !== null) {
        this.find("theirs").scrollTop = 0;
        this.root.querySelector(".columns").scrollIntoView({ block: "start" });
        this.walk(1);
      } else if (from !== null) {
        this.cards[from].querySelector(".choose").focus();
      }
    }

    /* The passages that one can step through: of the chosen source, else the best one at each place. */
    steps() {
      if (this.source !== null)
        return nearcopy.passagesThatCount(this.figures, this.settings, this.source)
          .slice().sort((a, b) => a.first - b.first);
      const steps = [], { owner } = this.counted;
      owner.forEach((source, piece) => {
        const last = steps.at(-1), { start, words } = this.figures.pieces[piece];
        if (source < 0) return;
        if (last && last.source === source && last.word === start) last.end += 1;
        else steps.push({ source, first: piece, end: piece + 1, number: -1 });
        steps.at(-1).word = start + words;
      });
      return steps;
    }

    walk(by) {
      this.beside.go(this.beside.step < 0 ? 0 : this.beside.step + by);
      this.tell();
    }

    tell() {
      if (!this.figures.sources.length) return;
      const { step, steps } = this.beside, current = steps[step];
      const what = steps.length === 1 ? "passage" : "passages";
      let told = `${steps.length} ${what}`;
      if (current) {
        const { source, words, similarity } = current.passage;
        told = `${step + 1} of ${told}: ` +
          (this.source === null ? `source ${source + 1}` : `${words} words, ${nearcopy.percent(similarity)} equal`);
      }
      this.find("step").textContent = told;
      this.find("previous").disabled = step <= 0;
      this.find("next").disabled = !steps.length || step === steps.length - 1;
    }

    toPassage(link) {
      const source = Number(link.closest(".source").dataset.source), passage = Number(link.dataset.p);
      if (this.source !== source) this.choose(source);
      this.beside.go(this.beside.steps.findIndex((one) => one.passage.number === passage));
      this.tell();
    }

    /* A place of the text; with beside, its best source opens there. */
    toPiece(piece, beside) {
      const owner = this.counted.owner[piece];
      if (this.source === null && beside && owner >= 0) this.choose(owner);
      const { steps } = this.beside;
      const step = steps.findIndex(({ passage }) => passage.first <= piece && piece < passage.end);
      if (step >= 0) { this.beside.go(step); this.tell(); }
      else this.pieces[piece].scrollIntoView({ block: "center" });
    }

    toShare(event) {
      const box = this.find("bar").getBoundingClientRect();
      const word = ((event.clientX - box.left) / box.width) * this.figures.words;
      let place = 0;
      const paragraph = this.figures.paragraphs.findIndex((one) => (place += one.words) > word);
      this.find(`para-${paragraph + 1}`)?.scrollIntoView({ block: "center" });
    }

    /* Somebody changed what counts. */
    changed() {
      const marked = (selector) => Array.from(this.root.querySelectorAll(`${selector}:checked`));
      this.settings = {
        leastEqual: Number(this.find("least-equal").value) / 100,
        leastWords: Number(this.find("least-words").value) || 0,
        noCommon: this.find("no-common").checked,
        noQuotations: this.find("no-quotations").checked,
        sources: new Set(marked(".ignore-source").map((one) => Number(one.closest(".source").dataset.source))),
        publishers: new Set(marked(".ignore-publisher").map((one) => one.dataset.publisher)),
      };
      this.find("least-equal-shown").value = `${this.find("least-equal").value}%`;
      for (const one of this.root.querySelectorAll(".ignore-publisher"))
        one.checked = this.settings.publishers.has(one.dataset.publisher) && one.checked;
      this.count();
      this.show();
    }

    reset() {
      for (const one of this.root.querySelectorAll("#controls input, .ignoring input")) {
        one.checked = false;
        if (one.type === "range" || one.type === "number") one.value = one.defaultValue;
      }
      this.changed();
    }

    count() {
      this.counted = nearcopy.count(this.figures, this.settings);
      this.beside.choose(this.source, this.steps());
      this.find("all-sources")?.toggleAttribute("hidden", this.source === null);
      this.tell();
    }

    /* Is everything counted as the server did? */
    get untouched() {
      const { settings } = this;
      return !settings.leastEqual && settings.leastWords <= Number(this.find("least-words").defaultValue) &&
        !settings.noCommon && !settings.noQuotations && !settings.sources.size && !settings.publishers.size;
    }

    show() {
      const { owner, total, covered, bySource, verdict } = this.counted;
      this.pieces.forEach((piece, number) => {
        const source = owner[number], { paragraph } = this.figures.pieces[number];
        const first = source >= 0 &&
          (owner[number - 1] !== source || this.figures.pieces[number - 1].paragraph !== paragraph);
        for (const name of [...piece.classList]) if (/^s\d$|^first$/.test(name)) piece.classList.remove(name);
        if (source >= 0) piece.classList.add(`s${Math.min(source, 8) + 1}`);
        piece.classList.toggle("first", first);
        piece.dataset.n = source + 1;
      });
      this.paint();
      this.cards.forEach((card, source) => {
        const share = total ? bySource[source] / total : 0;
        card.classList.toggle("ignored", !bySource[source]);
        card.querySelector(".as-found").hidden = bySource[source] === this.found[source];
        card.querySelector(".shares b").textContent = nearcopy.percent(share);
        card.querySelector(".shares .part").setAttribute("width", (100 * share).toFixed(1));
      });
      if (this.badge in VERDICTS) {
        this.root.dataset.verdict = VERDICTS[this.badge];
        this.find("verdict").textContent = this.badge;
        if (!this.untouched) {
          this.root.dataset.verdict = verdict;
          this.find("verdict").textContent = Object.keys(VERDICTS).find((words) => VERDICTS[words] === verdict);
        }
      }
      this.say(total, covered, bySource);
    }

    /* The bar, anew. */
    paint() {
      const { pieces, words } = this.figures, marks = [];
      this.counted.owner.forEach((source, number) => {
        const { start, words: size } = pieces[number], last = marks.at(-1);
        if (source < 0 || !size) return;
        if (last && last.source === source && last.end === start) last.end += size;
        else marks.push({ source, start, end: start + size, number });
      });
      this.find("marks").replaceChildren(...marks.map(({ source, start, end, number }) => {
        const mark = document.createElementNS(SVG, "rect");
        const values = {
          class: `s${Math.min(source, 8) + 1}`, x: (1000 * start) / words, width: (1000 * (end - start)) / words,
          height: 30, "data-g": number,
        };
        for (const [name, value] of Object.entries(values)) mark.setAttribute(name, value);
        return mark;
      }));
    }

    say(total, covered, bySource) {
      const headline = this.find("headline"), note = this.find("adjusted");
      note.hidden = this.untouched;
      if (this.untouched) {
        headline.replaceChildren(...this.headline);
        return;
      }
      const best = bySource.indexOf(Math.max(...bySource));
      if (covered) {
        const share = nearcopy.percent(covered / total), most = nearcopy.percent(bySource[best] / total);
        const cite = this.cards[best].querySelector(".citation").content.cloneNode(true);
        headline.replaceChildren(`${share} of this text stands in the sources that count: ${most} in `, cite, ".");
      } else {
        headline.replaceChildren("Nothing of this text stands in what counts.");
      }
      const count = this.figures.sources.reduce(
        (sum, _, source) => sum + nearcopy.passagesThatCount(this.figures, this.settings, source).length, 0);
      const all = this.figures.sources.reduce((sum, source) => sum + source.passages.length, 0);
      note.textContent = `As you have set it: ${count} of ${all} passages count, and ${total.toLocaleString("en")} ` +
        `of ${this.figures.words.toLocaleString("en")} words.`;
    }
  }

  const KEYS = { n: 1, j: 1, p: -1, k: -1 };

  document.addEventListener("keydown", (event) => {
    const { report } = nearcopy;
    if (!report || event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    if (event.key in KEYS) report.walk(KEYS[event.key]);
    else if (event.key === "Enter" && event.target === report.find("mine") && report.beside.step >= 0)
      report.toPiece(report.beside.steps[report.beside.step].passage.first, true);
    else if (event.key === "Escape" && report.source !== null && !document.querySelector(":popover-open"))
      report.choose(null);
    else return;
    event.preventDefault();
  });

  /* Bring the report of the page to life, if there is one with sources. */
  nearcopy.openReport = () => {
    const root = document.getElementById("report");
    nearcopy.report = root ? new Report(root) : null;
  };
  nearcopy.openReport();
})();
