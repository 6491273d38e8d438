// The list of accounts, with its filters, and what the picture shows below the pointer. Text from AWS is only ever text:
// nothing here writes HTML.
"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const HERE = "\u27e6account\u27e7";
  const WORDS = { w: "works", f: "would fail", u: "not known", n: "does not apply" };
  const MARKS = { w: "\u2713", f: "\u2715", u: "?", n: "\u2013" };
  const STATUSES = ["critical", "high", "unknown", "medium", "low", "clean", "skipped"];
  const STEP = 100;
  const byId = (id) => document.getElementById(id);

  const el = (tag, properties, ...children) => {
    const made = document.createElement(tag);
    for (const [name, value] of Object.entries(properties || {})) {
      if (name in made) made[name] = value;
      else made.setAttribute(name, value);
    }
    made.append(...children.filter((child) => child !== "" && child !== null));
    return made;
  };

  const rows = data.accounts.map(([id, name, unit, status, judged, found, reason]) => {
    const [pattern, reasons] = data.judged[judged];
    const path = data.units[unit];
    const kinds = found.map(([kind]) => data.kinds[kind][0]);
    const causes = new Set(reasons.flat().map((number) => data.reasons[number][2]));
    const text = `${id} ${name} ${path} ${kinds.join(" ")} ${found.map((one) => one[1]).join(" ")}`.toLowerCase();
    return { id, name, path, status, pattern, reasons, found, reason, kinds, causes, text };
  });

  // Filters and order

  const state = { q: "", unit: "", status: "", recovery: "", verdict: "f", cause: null, kind: null };
  let sorted = { key: "status", down: false };
  let shown = STEP;
  const opened = new Set();

  const matches = (row) =>
    state.q.split(/\s+/).every((word) => row.text.includes(word)) &&
    (!state.unit || row.path === state.unit || row.path.startsWith(`${state.unit}/`)) &&
    (!state.status || row.status === state.status) &&
    (!state.recovery || row.pattern[data.recoveries.indexOf(state.recovery)] === state.verdict) &&
    (state.cause === null || row.causes.has(state.cause)) &&
    (state.kind === null || row.kinds.includes(state.kind));

  const failing = (row) => row.pattern.split("").filter((letter) => letter === "f").length;
  const KEYS = {
    name: (row) => row.name.toLowerCase(),
    path: (row) => row.path.toLowerCase(),
    status: (row) => String(STATUSES.indexOf(row.status)) + String(99 - failing(row)).padStart(2, "0"),
    findings: (row) => String(9999 - row.found.length).padStart(4, "0"),
  };
  data.recoveries.forEach((name, number) => {
    KEYS[name] = (row) => String("fuwn".indexOf(row.pattern[number]));
  });

  const selection = () => {
    const key = KEYS[sorted.key];
    const found = rows.filter(matches).map((row) => [key(row), row.name.toLowerCase(), row.id, row]);
    const compare = (a, b) => (a < b ? -1 : a > b ? 1 : 0);
    found.sort((a, b) => (sorted.down ? -1 : 1) * compare(a[0], b[0]) || compare(a[1], b[1]) || compare(a[2], b[2]));
    return found.map((one) => one[3]);
  };

  // The list

  const reasonItem = (row, number) => {
    const [text, fix] = data.reasons[number];
    return el("li", {}, el("span", {}, text.replaceAll(HERE, row.id)), fix ? el("small", {}, fix) : "");
  };
  const details = (row) => {
    const parts = data.recoveries
      .map((name, number) => [name, row.pattern[number], row.reasons[number] || []])
      .filter(([, letter, reasons]) => letter && letter !== "w" && reasons.length)
      .map(([name, letter, reasons]) =>
        el(
          "div",
          {},
          el("b", {}, el("i", { className: `v-${letter}` }), `${name}: ${WORDS[letter]}`),
          el("ul", {}, ...reasons.map((number) => reasonItem(row, number))),
        ),
      );
    const found = row.found.map(([kind, detail, fix]) => {
      const [, severity, title, labels] = data.kinds[kind];
      const words = detail ? `${title}: ${detail}` : title;
      return el(
        "li",
        {},
        el("span", {}, el("span", { className: `badge ${severity}` }, severity), ` ${words}`),
        el("small", {}, [data.fixes[fix], labels.join(" \u00b7 ")].filter(Boolean).join(" ")),
      );
    });
    if (found.length) parts.unshift(el("div", {}, el("b", {}, "Findings"), el("ul", {}, ...found)));
    if (row.reason) parts.push(el("p", { className: "quiet" }, row.reason));
    if (!parts.length) parts.push(el("p", { className: "quiet" }, "Nothing was found."));
    return parts;
  };
  const mark = (name, letter) =>
    el("td", { className: `verdict v-${letter}`, title: `${name}: ${WORDS[letter] || "not judged"}` }, MARKS[letter] || "");
  const columns = () => 4 + data.recoveries.length;

  const render = () => {
    const found = selection();
    const body = byId("rows");
    const made = [];
    for (const row of found.slice(0, shown)) {
      const open = opened.has(row.id);
      const button = el("button", { type: "button", "aria-expanded": String(open) }, row.name || "(no name)");
      button.addEventListener("click", () => {
        if (open) opened.delete(row.id);
        else opened.add(row.id);
        history.replaceState(null, "", open ? location.pathname + location.search : `#a${row.id}`);
        render();
      });
      const unit = row.path.includes("/") ? row.path.slice(row.path.indexOf("/") + 1) : row.path;
      made.push(
        el(
          "tr",
          { id: `a${row.id}` },
          el("td", { className: "who" }, button, el("code", {}, row.id), el("small", { className: "narrow" }, unit)),
          el("td", { className: "wide" }, unit),
          el("td", {}, el("span", { className: `badge ${row.status}` }, row.status)),
          ...data.recoveries.map((name, number) => mark(name, row.pattern[number] || "")),
          el("td", { className: "number wide" }, row.found.length ? String(row.found.length) : ""),
        ),
      );
      if (open) made.push(el("tr", { className: "details" }, el("td", { colSpan: columns() }, ...details(row))));
    }
    body.replaceChildren(...made);
    const total = rows.length.toLocaleString("en");
    byId("count").textContent = `${found.length.toLocaleString("en")} of ${total} accounts`;
    const rest = found.length - shown;
    byId("more").hidden = rest <= 0;
    byId("more").textContent = `Show ${Math.min(STEP, rest)} more`;
    if (byId("by-verdict")) byId("by-verdict").hidden = !state.recovery;
    byId("clear").hidden = !(state.q || state.unit || state.status || state.recovery || state.cause !== null || state.kind);
    document.querySelectorAll("#list th[data-sort]").forEach((head) => {
      const is = head.dataset.sort === sorted.key;
      head.setAttribute("aria-sort", is ? (sorted.down ? "descending" : "ascending") : "none");
    });
    const cause = state.cause !== null ? document.querySelector(`[data-cause="${state.cause}"]`) : null;
    const kind = state.kind ? data.kinds.find((one) => one[0] === state.kind) : null;
    byId("only").textContent = [cause && cause.dataset.title, kind && kind[2]].filter(Boolean).join(" \u00b7 ");
  };

  const control = (tag, name, label, options) => {
    const made = el(tag, { id: `by-${name}`, "aria-label": label });
    if (tag === "select") made.append(...options.map(([value, words]) => el("option", { value }, words)));
    else Object.assign(made, { type: "search", placeholder: label });
    made.addEventListener("input", () => {
      state[name] = tag === "select" ? made.value : made.value.trim().toLowerCase();
      shown = STEP;
      render();
    });
    return made;
  };
  const set = (changes) => {
    Object.assign(state, { q: "", unit: "", status: "", recovery: "", cause: null, kind: null }, changes);
    for (const name of ["q", "unit", "status", "recovery", "verdict"]) {
      const input = byId(`by-${name}`);
      if (input) input.value = state[name];
    }
    shown = STEP;
    render();
  };
  const go = (changes) => {
    set(changes);
    byId("accounts").scrollIntoView({ block: "start" });
  };

  const start = () => {
    const prefixes = new Set();
    for (const path of data.units) {
      const names = path.split("/");
      names.forEach((_, number) => prefixes.add(names.slice(0, number + 1).join("/")));
    }
    const units = [...prefixes].sort();
    const statuses = STATUSES.filter((status) => rows.some((row) => row.status === status));
    const tools = el(
      "div",
      { className: "tools" },
      control("input", "q", "Search name, ID, OU, finding"),
      control("select", "unit", "Organizational unit", [["", "All OUs"], ...units.map((path) => [path, path])]),
      control("select", "status", "Status", [["", "Any status"], ...statuses.map((status) => [status, status])]),
    );
    if (data.recoveries.length) {
      const names = data.recoveries.map((name) => [name, name]);
      tools.append(
        control("select", "recovery", "Recovery", [["", "Any recovery"], ...names]),
        control("select", "verdict", "Verdict", Object.entries(WORDS)),
      );
      tools.querySelector("#by-verdict").value = state.verdict;
    }
    const clear = el("button", { type: "button", id: "clear", hidden: true }, "Show all");
    clear.addEventListener("click", () => set({}));
    tools.append(clear);
    const head = (key, words, className) => {
      const button = el("button", { type: "button" }, words);
      button.addEventListener("click", () => {
        sorted = { key, down: sorted.key === key && !sorted.down };
        render();
      });
      return el("th", { className: className || "", "data-sort": key, scope: "col" }, button);
    };
    const table = el(
      "table",
      {},
      el(
        "thead",
        {},
        el(
          "tr",
          {},
          head("name", "Account"),
          head("path", "OU", "wide"),
          head("status", "Status"),
          ...data.recoveries.map((name) => head(name, name, "recovery")),
          head("findings", "Findings", "wide"),
        ),
      ),
      el("tbody", { id: "rows" }),
    );
    const more = el("button", { type: "button", id: "more", hidden: true });
    more.addEventListener("click", () => {
      shown += STEP;
      render();
    });
    const count = el("p", { className: "quiet" }, el("b", { id: "count" }), " ", el("span", { id: "only" }));
    byId("list").replaceChildren(tools, count, table, more);
    render();
  };

  // A link to an account, as page.html#a012345678901
  const follow = () => {
    const id = /^#a(\d{12})$/.exec(location.hash)?.[1];
    if (!rows.some((row) => row.id === id)) return;
    opened.add(id);
    go({ q: id });
  };
  window.addEventListener("hashchange", follow);

  document.addEventListener("click", (event) => {
    const pressed = event.target.closest("[data-cause], [data-kind], [data-unit], [data-recovery]");
    if (!pressed || pressed.closest("#list")) return;
    event.preventDefault();
    const { cause, kind, unit, recovery } = pressed.dataset;
    if (cause !== undefined) go({ cause: Number(cause) });
    else if (kind !== undefined) go({ kind });
    else if (unit !== undefined) go({ unit });
    else go({ recovery, verdict: "f" });
  });

  // The picture

  const picture = byId("map");
  if (picture) {
    const judged = rows.filter((row) => row.pattern);
    const tip = byId("tip");
    const numbers = new Map([...picture.querySelectorAll("i")].map((tile, number) => [tile, number]));
    const show = (event) => {
      const number = numbers.get(event.target);
      tip.hidden = number === undefined;
      if (tip.hidden) return;
      const row = judged[number];
      const lines = data.recoveries.map((name, place) => {
        const letter = row.pattern[place];
        return el("span", {}, el("i", { className: `v-${letter}` }), `${name}: ${WORDS[letter]}`);
      });
      tip.replaceChildren(el("b", {}, row.name || "(no name)"), el("code", {}, row.id), ...lines);
      const box = tip.getBoundingClientRect();
      const left = Math.min(event.clientX + 14, document.documentElement.clientWidth - box.width - 8);
      const below = event.clientY + 16 + box.height < window.innerHeight;
      tip.style.left = `${Math.max(4, left)}px`;
      tip.style.top = `${below ? event.clientY + 16 : event.clientY - box.height - 10}px`;
    };
    picture.addEventListener("mousemove", show);
    picture.addEventListener("mouseleave", () => {
      tip.hidden = true;
    });
    picture.addEventListener("click", (event) => {
      const number = numbers.get(event.target);
      if (number === undefined) return;
      tip.hidden = true;
      opened.add(judged[number].id);
      go({ q: judged[number].id });
    });
  }
  start();
  follow();
})();
