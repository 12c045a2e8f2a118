(function () {
  "use strict";
  const data = JSON.parse(document.getElementById("island").textContent);
  const { rows, tables, targets, texts } = data;
  const SLICE = 200, COUNT = rows.id.length;
  const FACETS = ["change", "rule", "library", "area", "role", "level", "owner", "path", "unit"];
  const MENUS = ["change", "library", "rule", "area", "role", "level", "owner"];
  const GROUPS = ["rule", "path", "library", "unit", "change", "owner"];
  const byId = new Map(rows.id.map((id, i) => [id, i]));
  const $ = (id) => document.getElementById(id);
  const body = $("findings-body");
  const state = { q: "", sort: "", group: "", target: targets.length ? targets[0].id : "", pin: -1 };
  FACETS.forEach((facet) => { state[facet] = ""; });
  let view = [], limit = SLICE, at = -1, touched = false;
  const opened = new Set();

  /* ---- words and numbers ---- */
  const say = (key, values) => texts[key].replace(/\{(\w+)\}/g, (all, name) => (values && name in values ? values[name] : all));
  const count = (n) => n.toLocaleString("en-US");
  function significant(value) {
    if (!value) return "0";
    if (value < 1) return value < 0.05 ? "<0.1" : value.toFixed(1);
    const rounded = Number(value.toPrecision(2));
    return rounded >= 10 ? count(rounded) : value.toPrecision(2).replace(/e.*/, "");
  }
  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) if (value != null && value !== false && (value !== "" || name === "value")) element.setAttribute(name, value === true ? "" : value);
    children.flat().forEach((child) => { if (child != null && child !== "") element.append(child); });
    return element;
  }
  function announce(text) { $("live").textContent = text; }

  /* ---- one finding ---- */
  const targetIndex = () => Math.max(0, targets.findIndex((target) => target.id === state.target));
  const answerOf = (i, t) => data.answers[rows.answer[t][i]];
  const changeOf = (i, t) => { const answer = answerOf(i, t); return answer ? answer[0] : data.changes.findIndex((change) => change.id === "unknown"); };
  const daysOf = (i, t) => rows.days[t][i];
  const text = {
    rule: (i) => data.rules[rows.rule[i]].id, library: (i) => tables.libraries[rows.library[i]], area: (i) => tables.areas[rows.area[i]],
    role: (i) => data.roles[rows.role[i]].id, level: (i) => data.levels[rows.level[i]].id, owner: (i) => tables.owners[rows.owner[i]],
    path: (i) => tables.paths[rows.path[i]], unit: (i) => tables.units[rows.unit[i]], symbol: (i) => tables.symbols[rows.symbol[i]],
    change: (i) => data.changes[changeOf(i, targetIndex())].id, snippet: (i) => tables.snippets[rows.snippet[i]],
  };
  function label(facet, value) {
    const named = { change: data.changes, role: data.roles, level: data.levels }[facet];
    if (named) return (named.find((item) => item.id === value) || { name: value }).name;
    if (facet === "rule") return (data.rules.find((rule) => rule.id === value) || { title: value }).title;
    return value;
  }

  /* ---- selecting ---- */
  function matches() {
    const words = state.q.toLowerCase().split(/\s+/).filter(Boolean);
    const set = FACETS.filter((facet) => state[facet] !== "");
    const found = [];
    for (let i = 0; i < COUNT; i++) {
      if (!set.every((facet) => text[facet](i) === state[facet])) continue;
      if (words.length) {
        const hay = `${text.symbol(i)} ${text.path(i)}:${rows.line[i]} ${text.rule(i)} ${data.rules[rows.rule[i]].title} ${text.library(i)} ${text.snippet(i)}`.toLowerCase();
        if (!words.every((word) => hay.includes(word))) continue;
      }
      found.push(i);
    }
    return found;
  }
  function compared() {
    const descending = state.sort.startsWith("-"), key = state.sort.replace("-", "");
    const t = key.startsWith("days-") ? Number(key.slice(5)) : targetIndex();
    const value = key === "rule" || key === "path" || key === "role" ? text[key] : (i) => (daysOf(i, t) == null ? -1 : daysOf(i, t));
    const sign = descending || !key ? -1 : 1;
    return (a, b) => { const x = value(a), y = value(b); return x < y ? -sign : x > y ? sign : a - b; };
  }
  function refresh() {
    view = matches().sort(compared());
    if (state.group) {
      const order = new Map();
      view.forEach((i) => { const key = text[state.group](i); if (!order.has(key)) order.set(key, order.size); });
      view.sort((a, b) => order.get(text[state.group](a)) - order.get(text[state.group](b)));
    }
    if (state.pin >= 0) view = [state.pin, ...view.filter((i) => i !== state.pin)];
    limit = SLICE;
    at = -1;
    draw();
  }

  /* ---- drawing ---- */
  function badge(change) {
    const item = data.changes[change];
    return [make("span", { class: `badge b-${item.id}`, "aria-hidden": "true" }, item.letter), make("span", { class: "sr" }, item.name)];
  }
  function rowOf(i) {
    const rule = data.rules[rows.rule[i]];
    const cells = targets.map((target, t) => {
      const answer = answerOf(i, t), days = daysOf(i, t);
      return make("td", { class: "n" }, badge(changeOf(i, t)), " ", days == null ? "" : say("days", { n: significant(days) }),
        answer && answer[6] ? make("span", { class: "tag" }, texts.guarded) : "");
    });
    const level = data.levels[rows.level[i]];
    return make("tr", { id: `f-${rows.id[i]}`, "data-i": String(i), tabindex: "0", "aria-expanded": String(opened.has(i)) },
      make("th", { scope: "row" }, rule.anchor ? make("a", { href: `#${rule.anchor}` }, rule.title) : rule.title, make("code", {}, text.symbol(i))),
      make("td", {}, make("span", { class: "path" }, `${text.path(i)}:${rows.line[i]}`), make("code", { class: "line" }, text.snippet(i))),
      cells, make("td", {}, data.roles[rows.role[i]].name, level.id === "high" ? "" : make("span", { class: "tag" }, level.name),
        data.suppressed[i] ? make("span", { class: "tag" }, texts.suppressed) : ""));
  }
  function groupRow(key, members) {
    const t = targetIndex(), days = members.reduce((sum, i) => sum + (daysOf(i, t) || 0), 0);
    return make("tr", { class: "group" }, make("th", { colspan: String(3 + targets.length), scope: "rowgroup" },
      `${label(state.group, key) || "-"}  ·  ${count(members.length)}  ·  ${say("days", { n: significant(days) })}`));
  }
  function draw() {
    const fragment = document.createDocumentFragment(), shown = view.slice(0, limit);
    let previous = null;
    const groups = new Map();
    if (state.group) view.forEach((i) => { const key = text[state.group](i); if (groups.has(key)) groups.get(key).push(i); else groups.set(key, [i]); });
    shown.forEach((i) => {
      if (state.group && text[state.group](i) !== previous) { previous = text[state.group](i); fragment.append(groupRow(previous, groups.get(previous))); }
      fragment.append(rowOf(i));
      if (opened.has(i)) fragment.append(detailRow(i));
    });
    if (!shown.length) fragment.append(make("tr", {}, make("td", { colspan: String(3 + targets.length) }, texts.none)));
    body.replaceChildren(fragment);
    const t = targetIndex(), days = view.reduce((sum, i) => sum + (daysOf(i, t) || 0), 0);
    const summary = say("shown", { shown: count(view.length), total: count(data.total), days: significant(days) });
    $("findings-note").textContent = summary;
    const more = $("more");
    more.hidden = view.length <= limit;
    more.textContent = say("more", { n: Math.min(SLICE, view.length - limit) });
    document.querySelectorAll("#findings-table thead th").forEach((th) => {
      const active = state.sort.replace("-", "") === th.dataset.sort;
      if (active) th.setAttribute("aria-sort", state.sort.startsWith("-") ? "descending" : "ascending"); else th.removeAttribute("aria-sort");
    });
    const active = FACETS.filter((facet) => state[facet]).map((facet) => `${texts[facet]}: ${label(facet, state[facet])}`);
    if (state.q) active.unshift(state.q);
    $("print-filters").textContent = active.length ? ` · ${say("filters", { filters: active.join("; ") })}` : "";
    if (touched) announce(summary);
  }
  const pair = (list, name, value) => { if (value) list.append(make("dt", {}, name), make("dd", {}, value)); };
  function excerpt(i) {
    const lines = data.excerpts[rows.path[i]] || {};
    const pre = make("pre", {});
    for (let n = rows.line[i] - 3; n <= rows.line[i] + 3; n++) {
      const content = n in lines ? lines[n] : n === rows.line[i] ? text.snippet(i) : null;
      if (content == null) continue;
      pre.append(make("span", { class: n === rows.line[i] ? "here" : "" }, make("span", { class: "ln" }, String(n)), content), n === rows.line[i] ? "" : "\n");
    }
    return pre;
  }
  function answerPart(i, t) {
    const answer = answerOf(i, t), list = make("dl", {});
    const part = make("div", {}, make("h4", {}, targets[t].name, " ", badge(changeOf(i, t)), " ", data.changes[changeOf(i, t)].name), list);
    if (!answer) return part;
    const [, status, equivalent, basis, source, effort, guarded, note, condition, fix] = answer;
    pair(list, texts.price, effort && say("priceText", { first: effort[0].join(" / "), each: effort[1].join(" / "), source: effort[2] }));
    pair(list, texts.status, guarded ? `${status}, ${texts.guarded}` : status);
    pair(list, texts.becomes, equivalent);
    pair(list, texts.basis, basis);
    pair(list, texts.source, source);
    pair(list, texts.condition, condition);
    pair(list, texts.note, note || fix);
    (data.edits[i] || []).filter((edit) => edit[0] === t).forEach(([, before, after, proved, reason]) => {
      part.append(make("p", { class: "quiet" }, `${texts.edit}: ${proved ? texts.proved : say("notProved", { reason })}`),
        make("pre", {}, make("span", { class: "old" }, before), "\n", make("span", { class: "new" }, after)));
    });
    const card = $(data.rules[rows.rule[i]].anchor || "-");
    const prose = card && card.querySelector(`[data-answer="${CSS.escape(targets[t].id)}"]`);
    if (prose) { const copy = prose.cloneNode(true); copy.querySelector("h4").remove(); copy.removeAttribute("data-answer"); part.append(copy); }
    return part;
  }
  function detailRow(i) {
    const facts = make("dl", {}), kernel = data.kernels[i], suppressed = data.suppressed[i];
    pair(facts, texts.scope, tables.scopes[rows.scope[i]]);
    pair(facts, texts.library, text.library(i));
    pair(facts, texts.confidence, data.levels[rows.level[i]].name);
    pair(facts, texts.owner, text.owner(i));
    pair(facts, texts.unit, text.unit(i) && make("a", { href: data.unitAnchors[rows.unit[i]] }, text.unit(i)));
    if (kernel) pair(facts, texts.kernel, say("kernelText", { language: kernel[0], lines: kernel[1], features: kernel[2].join(", ") }) + (kernel[3] ? "" : `, ${texts.notLaunched}`));
    if (data.absorbed[i]) pair(facts, texts.partOf, say("partOfText", { kernel: data.absorbed[i][0], targets: data.absorbed[i][1].map((t) => targets[t].name).join(", ") }));
    if (suppressed) pair(facts, texts.suppressed, say("suppressedText", { by: suppressed[0], reason: suppressed[1], until: suppressed[2] }));
    const why = $(data.rules[rows.rule[i]].anchor || "-");
    return make("tr", { class: "detail" }, make("td", { colspan: String(3 + targets.length) },
      why ? make("p", {}, why.querySelector(".rule-body > p").textContent) : "", excerpt(i), facts,
      make("div", { class: "cols" }, targets.map((target, t) => answerPart(i, t))),
      make("p", { class: "quiet" }, make("a", { href: `#f-${rows.id[i]}` }, texts.link))));
  }
  function toggle(i) {
    const row = body.querySelector(`tr[data-i="${i}"]`);
    if (!row) return;
    if (opened.delete(i)) row.nextElementSibling.remove(); else { opened.add(i); row.after(detailRow(i)); }
    row.setAttribute("aria-expanded", String(opened.has(i)));
  }

  /* ---- the address ---- */
  function address(anchor) {
    const query = new URLSearchParams();
    ["q", ...FACETS, "group", "sort"].forEach((key) => { if (state[key]) query.set(key, state[key]); });
    if (targets.length && state.target !== targets[0].id) query.set("target", state.target);
    const tail = query.toString();
    return `#${anchor}${tail ? `?${tail}` : ""}`;
  }
  function remember(push) {
    const to = address("findings");
    if (to !== location.hash) history[push ? "pushState" : "replaceState"](null, "", to);
  }
  function adopt(query, keep) {
    const given = new URLSearchParams(query);
    ["q", ...FACETS, "group", "sort"].forEach((key) => { if (!keep || given.has(key)) state[key] = given.get(key) || ""; });
    // Charts name files by number, so that no link holds text of the scanned code.
    if (/^\d+$/.test(state.path) && !tables.paths.includes(state.path)) state.path = tables.paths[Number(state.path)] || "";
    if (given.has("target")) state.target = given.get("target");
    state.pin = -1;
  }
  function follow() {
    const [anchor, query] = location.hash.slice(1).split(/\?(.*)/s);
    if (query !== undefined || anchor === "findings") { adopt(query || ""); sync(); refresh(); }
    if (anchor.startsWith("f-") && byId.has(anchor.slice(2))) return reveal(byId.get(anchor.slice(2)));
    const element = anchor && $(anchor);
    if (!element) return;
    for (let node = element; node; node = node.parentElement) {
      if (node.tagName === "DETAILS") node.open = true;
      if (node.dataset.for && node.hidden) { state.target = node.dataset.for; sync(); }
    }
    element.scrollIntoView();
  }
  function reveal(i) {
    if (!view.slice(0, limit).includes(i)) {
      FACETS.concat("q", "group").forEach((key) => { state[key] = ""; });
      state.pin = i;
      sync();
      refresh();
    }
    if (!opened.has(i)) toggle(i);
    mark(view.indexOf(i));
  }

  /* ---- controls ---- */
  function sync() {
    if (!targets.some((target) => target.id === state.target)) state.target = targets.length ? targets[0].id : "";
    document.querySelectorAll("[data-for]").forEach((block) => { block.hidden = block.dataset.for !== state.target; });
    document.querySelectorAll('input[name="target"]').forEach((radio) => { radio.checked = radio.value === state.target; });
    document.querySelectorAll("#toolbar [data-key]").forEach((control) => {
      control.value = state[control.dataset.key];
      control.classList.toggle("set", control.value !== "");
    });
  }
  function options(facet) {
    const seen = new Map();
    for (let i = 0; i < COUNT; i++) { const value = text[facet](i); if (value) seen.set(value, (seen.get(value) || 0) + 1); }
    return [...seen].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
  }
  function menu(key, name, entries, none) {
    const select = make("select", { "data-key": key, id: `by-${key}` }, make("option", { value: "" }, none), entries.map(([value, title]) => make("option", { value }, title)));
    select.addEventListener("change", () => { touched = true; state.pin = -1; state.q = document.querySelector("#toolbar input").value; state[key] = select.value; sync(); remember(true); refresh(); });
    return make("label", { for: `by-${key}` }, name, select);
  }
  function copy(content, button) {
    const done = () => { const before = button.textContent; button.textContent = texts.copied; announce(texts.copied); setTimeout(() => { button.textContent = before; }, 1500); };
    const fallback = () => { const area = make("textarea", { class: "sr" }); area.value = content; document.body.append(area); area.select(); document.execCommand("copy"); area.remove(); done(); };
    if (navigator.clipboard) navigator.clipboard.writeText(content).then(done, fallback); else fallback();
  }
  function csv() {
    // A cell that starts like a formula would be run by a spreadsheet.
    const cell = (value) => { const plain = String(value == null ? "" : value); return `"${(/^[=+\-@\t\r]/.test(plain) ? `'${plain}` : plain).replace(/"/g, '""')}"`; };
    const head = ["rule", "symbol", "path", "line", "role", "confidence", ...targets.flatMap((target) => [`${target.id} change`, `${target.id} days`])];
    const lines = view.map((i) => [text.rule(i), text.symbol(i), text.path(i), rows.line[i], text.role(i), text.level(i),
      ...targets.flatMap((target, t) => [data.changes[changeOf(i, t)].id, daysOf(i, t)])]);
    return [head, ...lines].map((line) => line.map(cell).join(",")).join("\r\n");
  }
  function toolbar() {
    const search = make("input", { type: "search", "data-key": "q", placeholder: texts.search, "aria-label": texts.search });
    let timer = 0;
    search.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(() => { touched = true; state.pin = -1; state.q = search.value; remember(false); refresh(); }, 120); });
    const reset = make("button", { type: "button" }, texts.reset), exported = make("button", { type: "button" }, texts.csv);
    reset.addEventListener("click", () => { touched = true; adopt(""); sync(); remember(true); refresh(); });
    exported.addEventListener("click", () => copy(csv(), exported));
    const menus = MENUS.map((facet) => [facet, options(facet)]).filter(([, entries]) => entries.length > 1)
      .map(([facet, entries]) => menu(facet, texts[facet], entries.map(([value, n]) => [value, `${label(facet, value)} (${count(n)})`]), texts.any));
    $("toolbar").append(search, ...menus, menu("group", texts.group, GROUPS.map((key) => [key, texts[key]]), texts.groupNone), reset, exported);
    document.querySelectorAll("#findings-table thead th").forEach((th) => {
      const button = make("button", { type: "button" }, th.textContent);
      th.replaceChildren(button);
      button.addEventListener("click", () => {
        const key = th.dataset.sort, first = key.startsWith("days") ? `-${key}` : key, second = key.startsWith("days") ? key : `-${key}`;
        touched = true; state.sort = state.sort === first ? second : state.sort === second ? "" : first;
        remember(true); refresh();
      });
    });
    $("more").addEventListener("click", () => { limit += SLICE; draw(); });
    body.addEventListener("click", (event) => { const row = event.target.closest("tr[data-i]"); if (row && !event.target.closest("a")) toggle(Number(row.dataset.i)); });
  }
  function mark(position) {
    if (position < 0 || position >= Math.min(view.length, limit)) return;
    at = position;
    body.querySelectorAll("tr.at").forEach((row) => row.classList.remove("at"));
    const row = body.querySelector(`tr[data-i="${view[at]}"]`);
    row.classList.add("at");
    row.scrollIntoView({ block: "center" });
    row.focus({ preventScroll: true });
  }
  function theme() {
    const root = document.documentElement, order = ["", "light", "dark"], button = $("theme");
    const name = () => texts[{ light: "themeLight", dark: "themeDark" }[root.dataset.theme] || "themeSystem"];
    button.textContent = name();
    button.addEventListener("click", () => {
      const next = order[(order.indexOf(root.dataset.theme || "") + 1) % order.length];
      if (next) root.dataset.theme = next; else delete root.dataset.theme;
      try { localStorage.setItem("cuda-migrate-theme", next); } catch (error) { /* storage can be off for files */ }
      button.textContent = name();
    });
  }
  function switchTo(id) { touched = true; state.target = id; sync(); history.replaceState(null, "", address((location.hash.slice(1).split("?")[0]) || "verdict")); refresh(); }
  function keyboard() {
    let waiting = 0;
    const places = { v: "verdict", t: "targets", f: "findings", m: "method" };
    document.addEventListener("keydown", (event) => {
      const inField = event.target.closest("input, select, textarea, dialog");
      if (event.ctrlKey || event.metaKey || event.altKey || inField) return;
      const row = event.target.closest("tr[data-i]");
      if (Date.now() - waiting < 1200 && places[event.key]) { waiting = 0; $(places[event.key]).scrollIntoView(); event.preventDefault(); return; }
      waiting = 0;
      if (event.key === "/") { $("findings").scrollIntoView(); document.querySelector("#toolbar input").focus({ preventScroll: true }); }
      else if (event.key === "j") mark(at + 1);
      else if (event.key === "k") mark(at - 1);
      else if (event.key === "o" && at >= 0) toggle(view[at]);
      else if (event.key === "Enter" && row && event.target === row) toggle(Number(row.dataset.i));
      else if (event.key === "g") { waiting = Date.now(); return; }
      else if (event.key === "t" && targets.length) switchTo(targets[(targetIndex() + 1) % targets.length].id);
      else if (event.key === "?") $("help").showModal();
      else return;
      event.preventDefault();
    });
  }
  function neighbours(svg) {
    const light = (node) => {
      const near = new Set([node]);
      svg.querySelectorAll("[data-edge]").forEach((edge) => {
        const ends = edge.dataset.edge.split(" "), touches = ends.includes(node);
        if (touches) ends.forEach((end) => near.add(end));
        edge.classList.toggle("dim", node !== "" && !touches);
      });
      svg.querySelectorAll("[data-node]").forEach((box) => box.classList.toggle("dim", node !== "" && !near.has(box.dataset.node)));
    };
    svg.addEventListener("pointerover", (event) => { const box = event.target.closest("[data-node]"); light(box ? box.dataset.node : ""); });
    svg.addEventListener("pointerleave", () => light(""));
  }
  function links() {
    document.addEventListener("click", (event) => {
      const link = event.target.closest("a[data-filter]");
      if (!link) return;
      event.preventDefault();
      touched = true;
      const query = link.dataset.filter, anchor = link.getAttribute("href").slice(1);
      if (anchor === "findings") { adopt(query); sync(); remember(true); refresh(); } else { adopt(query, true); switchTo(state.target); }
      $(anchor).scrollIntoView();
    });
    document.querySelectorAll("[data-copy]").forEach((button) => button.addEventListener("click", () => copy(button.dataset.copy, button)));
    document.querySelectorAll('input[name="target"]').forEach((radio) => radio.addEventListener("change", () => switchTo(radio.value)));
    $("help-open").addEventListener("click", () => $("help").showModal());
  }
  function contents() {
    const entries = new Map([...document.querySelectorAll(".contents a")].map((link) => [link.getAttribute("href").slice(1), link]));
    const seen = new Set();
    const watch = new IntersectionObserver((changes) => {
      changes.forEach((change) => (change.isIntersecting ? seen.add(change.target.id) : seen.delete(change.target.id)));
      const current = [...entries.keys()].find((id) => seen.has(id));
      if (current) entries.forEach((link, id) => { if (id === current) link.setAttribute("aria-current", "true"); else link.removeAttribute("aria-current"); });
    }, { rootMargin: "-70px 0px -55% 0px" });
    entries.forEach((link, id) => { if ($(id)) watch.observe($(id)); });
  }
  function printing() {
    let closed = [];
    addEventListener("beforeprint", () => { closed = [...document.querySelectorAll("details.twin:not([open])")]; closed.forEach((details) => { details.open = true; }); });
    addEventListener("afterprint", () => closed.forEach((details) => { details.open = false; }));
  }

  toolbar(); theme(); keyboard(); links(); contents(); printing();
  document.querySelectorAll('svg[aria-labelledby^="order-"]').forEach(neighbours);
  sync();
  refresh();
  addEventListener("hashchange", follow);
  addEventListener("popstate", () => { const [anchor, query] = location.hash.slice(1).split(/\?(.*)/s); if (!anchor || query !== undefined) { adopt(query || ""); sync(); refresh(); } });
  follow();
})();
