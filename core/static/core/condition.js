/* Rules are chosen instead of written: a builder before each text area that holds a rule as JSON. */
"use strict";
(() => {
  const PRESENCE = new Set(["is_set", "is_empty"]), LISTS = new Set(["in", "not_in"]);

  const element = (tag, props = {}, ...children) => {
    const made = Object.assign(document.createElement(tag), props);
    made.append(...children.filter(Boolean));
    return made;
  };

  const option = (value, label, chosen) => element("option", { value, textContent: label, selected: value === chosen });

  /* A moment of the rule in the field's local form, and back with its zone. */
  const pad = (number) => String(number).padStart(2, "0");
  const toLocal = (text) => {
    const at = new Date(text);
    if (Number.isNaN(at.getTime())) return "";
    return `${at.getFullYear()}-${pad(at.getMonth() + 1)}-${pad(at.getDate())}T${pad(at.getHours())}:${pad(at.getMinutes())}`;
  };
  const fromLocal = (text) => {
    const at = new Date(text);
    return Number.isNaN(at.getTime()) ? "" : at.toISOString();
  };

  class Builder {
    constructor(root) {
      this.root = root;
      this.area = root.querySelector("textarea");
      const known = JSON.parse(document.getElementById(root.dataset.vocabulary).textContent);
      this.fields = new Map(known.fields.map((field) => [field.name, field]));
      this.ops = known.ops;
      this.words = known.words;
      this.place = element("div", { className: "c-rule-tree" });
      this.note = element("p", { className: "c-rule-note", textContent: this.words.unreadable, hidden: true });
      const raw = element("details", { className: "c-rule-raw" }, element("summary", { textContent: this.words.raw }));
      this.area.before(this.place, this.note, raw);
      raw.append(this.area);
      this.area.addEventListener("input", (event) => { if (event.isTrusted) this.load(); });
      raw.open = !this.load();
    }

    /* The tree of what the text area says; false when it says something that cannot be shown. */
    load() {
      try {
        const node = this.read(this.area.value.trim() ? JSON.parse(this.area.value) : {});
        this.tree = node.word ? node : { word: "all", negated: false, parts: [node] };
      } catch {
        this.tree = null;
      }
      this.note.hidden = this.tree !== null;
      this.place.hidden = this.tree === null;
      if (this.tree) this.draw();
      return this.tree !== null;
    }

    read(raw) {
      if (raw === null || typeof raw !== "object" || Array.isArray(raw)) throw new TypeError("not a rule");
      const keys = Object.keys(raw);
      if (keys.length === 0) return { word: "all", negated: false, parts: [] };
      if (keys.length === 1 && (keys[0] === "all" || keys[0] === "any")) {
        return { word: keys[0], negated: false, parts: raw[keys[0]].map((part) => this.read(part)) };
      }
      if (keys.length === 1 && keys[0] === "not") {
        const inner = this.read(raw.not);
        if (inner.word && !inner.negated) return { ...inner, negated: true };
        return { word: "all", negated: true, parts: [inner] };
      }
      const field = this.fields.get(raw.field);
      if (!field || !this.ops[field.kind].some(([op]) => op === raw.op)) throw new TypeError("unknown words");
      if (LISTS.has(raw.op) && !Array.isArray(raw.value)) throw new TypeError("not a list");
      return { field: raw.field, op: raw.op, value: raw.value };
    }

    write(node) {
      if (!node.word) {
        return PRESENCE.has(node.op) ? { field: node.field, op: node.op } : { field: node.field, op: node.op, value: node.value };
      }
      const parts = node.parts.filter((part) => !part.word || part.negated || part.parts.length).map((part) => this.write(part));
      const whole = parts.length === 0 ? {} : parts.length === 1 ? parts[0] : { [node.word]: parts };
      return node.negated ? { not: whole } : whole;
    }

    save() {
      const rule = this.write(this.tree);
      this.area.value = Object.keys(rule).length ? JSON.stringify(rule, null, 1) : "";
      this.area.dispatchEvent(new Event("input", { bubbles: true }));
    }

    /* After a change of the shape: what is shown, what is sent, where the reader is. */
    changed(focus) {
      this.draw();
      this.save();
      const found = focus && this.place.querySelector(`[data-at="${focus}"]`);
      if (found) found.focus();
    }

    draw() {
      this.place.replaceChildren(this.group(this.tree, null, "0"));
    }

    select(label, pairs, chosen, change, at) {
      const made = element("select", { className: this.root.dataset.select, onchange: () => change(made.value) },
        ...pairs.map(([value, text]) => option(value, text, chosen)));
      made.setAttribute("aria-label", label);
      if (at) made.dataset.at = at;
      return made;
    }

    button(label, act, at) {
      const made = element("button", { type: "button", className: "c-rule-button", textContent: label, onclick: act });
      if (at) made.dataset.at = at;
      return made;
    }

    group(node, parent, at) {
      const { words } = this;
      const negate = element("input", { type: "checkbox", className: this.root.dataset.check, checked: node.negated,
        onchange: () => { node.negated = negate.checked; this.save(); } });
      const head = element("div", { className: "c-rule-head" },
        this.select(words.match, [["all", words.all], ["any", words.any]], node.word, (word) => { node.word = word; this.save(); }),
        element("label", { className: "c-rule-negate" }, negate, words.negate),
        parent && this.remover(parent, node, at));
      const rows = node.parts.map((part, index) => (
        part.word ? this.group(part, node, `${at}.${index}`) : this.test(part, node, `${at}.${index}`)));
      const next = `${at}.${node.parts.length}`;
      const foot = element("div", { className: "c-rule-foot" },
        this.button(`+ ${words.add}`, () => { node.parts.push(this.fresh()); this.changed(next); }, `${at}+`),
        at.split(".").length < 4 && this.button(`+ ${words.addGroup}`, () => {
          node.parts.push({ word: node.word === "all" ? "any" : "all", negated: false, parts: [this.fresh()] });
          this.changed(`${next}.0`);
        }));
      const made = element("div", { className: "c-rule-group" }, parent || node.negated || node.parts.length > 1 ? head : null, ...rows,
        !node.parts.length && !parent && element("p", { className: "c-rule-note", textContent: words.empty }), foot);
      made.setAttribute("role", "group");
      return made;
    }

    remover(parent, node, at) {
      const made = this.button("×", () => this.remove(parent, node, at));
      made.title = this.words.remove;
      made.setAttribute("aria-label", this.words.remove);
      return made;
    }

    remove(parent, node, at) {
      parent.parts.splice(parent.parts.indexOf(node), 1);
      this.changed(`${at.slice(0, at.lastIndexOf("."))}+`);
    }

    fresh() {
      const [field] = this.fields.values();
      const [[op]] = this.ops[field.kind];
      return { field: field.name, op, value: this.usual(field, op) };
    }

    usual(field, op) {
      if (op === "within_days") return 7;
      if (LISTS.has(op)) return [];
      return field.choices ? field.choices[0]?.[0] ?? "" : { boolean: true, number: null }[field.kind] ?? "";
    }

    test(node, parent, at) {
      const field = this.fields.get(node.field), { words } = this;
      const fields = [...this.fields.values()].map((one) => [one.name, one.label]);
      const toField = (name) => {
        const other = this.fields.get(name), ops = this.ops[other.kind].map(([op]) => op);
        const op = ops.includes(node.op) ? node.op : ops[0];
        Object.assign(node, { field: name, op, value: this.usual(other, op) });
        this.changed(at);
      };
      const toOp = (op) => {
        const same = LISTS.has(op) === LISTS.has(node.op) && (op === "within_days") === (node.op === "within_days");
        if (!same || PRESENCE.has(op) || PRESENCE.has(node.op)) node.value = this.usual(field, op);
        node.op = op;
        this.changed(`${at}op`);
      };
      return element("div", { className: "c-rule-test" },
        this.select(words.field, fields, node.field, toField, at),
        this.select(words.op, this.ops[field.kind], node.op, toOp, `${at}op`),
        PRESENCE.has(node.op) ? null : this.value(node, field),
        this.remover(parent, node, at));
    }

    value(node, field) {
      const keep = (value) => { node.value = value; this.save(); };
      if (field.kind === "boolean") {
        return this.select(this.words.value, [["true", this.words.yes], ["false", this.words.no]], String(node.value), (text) => keep(text === "true"));
      }
      const offered = field.choices ?? field.suggest;
      if (offered.length && LISTS.has(node.op)) return this.checks(node, offered, keep);
      if (field.choices) {
        const known = field.choices.some(([value]) => value === node.value);
        return this.select(this.words.value, known ? field.choices : [[node.value, node.value], ...field.choices], node.value, keep);
      }
      if (LISTS.has(node.op)) return this.list(node, field, keep);
      const kind = node.op === "within_days" ? "number" : field.kind;
      const type = { number: "number", moment: "datetime-local" }[kind] ?? "text";
      const shown = kind === "moment" ? toLocal(node.value) : node.value ?? "";
      const made = this.input(type, shown, (text) => {
        if (kind === "number") keep(text === "" ? null : Number(text));
        else keep(kind === "moment" ? fromLocal(text) : text);
      });
      return field.suggest.length ? element("span", { className: "c-rule-open" }, made, this.offers(made, field)) : made;
    }

    /* Values worth offering, under the field. */
    offers(input, field) {
      const id = `${this.area.id}-${field.name}-${(this.offered = (this.offered ?? 0) + 1)}`;
      input.setAttribute("list", id);
      return element("datalist", { id }, ...field.suggest.map(([value, label]) => Object.assign(option(value, label), { label })));
    }

    input(type, value, change) {
      const made = element("input", { type, className: this.root.dataset.input, value, oninput: () => change(made.value) });
      if (type === "number") made.step = "any";
      made.setAttribute("aria-label", this.words.value);
      return made;
    }

    list(node, field, keep) {
      const made = this.input("text", (node.value ?? []).join("，"), (text) => {
        const parts = text.split(/[,，、\n]/).map((part) => part.trim()).filter(Boolean);
        keep(field.kind === "number" ? parts.map(Number) : field.kind === "moment" ? parts.map(fromLocal) : parts);
      });
      made.placeholder = this.words.values;
      return made;
    }

    checks(node, offered, keep) {
      const given = () => node.value ?? [], values = offered.map(([value]) => value);
      const all = [...offered, ...given().filter((one) => !values.includes(one)).map((one) => [one, one])];
      const box = element("div", { className: "c-rule-checks" }, ...all.map(([value, label]) => {
        const check = element("input", { type: "checkbox", className: this.root.dataset.check, checked: given().includes(value),
          onchange: () => keep(all.map(([one]) => one).filter((one) => (one === value ? check.checked : given().includes(one)))) });
        return element("label", {}, check, label);
      }));
      box.setAttribute("role", "group");
      box.setAttribute("aria-label", this.words.value);
      return box;
    }
  }

  const start = () => document.querySelectorAll("[data-rule]:not([data-rule-ready])").forEach((root) => {
    root.dataset.ruleReady = "";
    new Builder(root);
  });
  if (document.readyState === "loading") document.addEventListener("DOMContentLoaded", start);
  else start();
})();
