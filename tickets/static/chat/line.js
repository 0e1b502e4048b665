/* The visitor's line to us: what is kept in the browser, what is sent until it has arrived, what comes in.
   Used by chat.js as `new KeanLine(config, listener)`; speaks to no element of the page. */
(function () {
  "use strict";
  const SILENCE = 40000; // three heartbeats: the line is dead although nobody said so
  const longer = (ms) => Math.min(15000, ms * 2);
  const newId = () => Array.from(crypto.getRandomValues(new Uint8Array(15)), (n) => n.toString(16).padStart(2, "0")).join("");

  /* The frame's own storage (browsers keep it apart for each shop); else the shop's page keeps it; else memory. */
  class Shelf {
    constructor(config) { this.prefix = `kean-chat:${config.key}:`; this.parent = config.parent; this.values = null; }

    async open() {
      try {
        localStorage.setItem(`${this.prefix}probe`, "1");
        localStorage.removeItem(`${this.prefix}probe`);
      } catch (refused) {
        this.values = this.parent ? await this.recall() : {};
      }
    }

    recall() {
      return new Promise((done) => {
        const heard = (event) => {
          if (event.origin !== this.parent || event.source !== window.parent || !event.data || event.data.kean !== "recalled") return;
          window.removeEventListener("message", heard);
          let values = {};
          try { values = JSON.parse(event.data.value) || {}; } catch (broken) { values = {}; }
          done(values);
        };
        window.addEventListener("message", heard);
        window.parent.postMessage({ kean: "recall" }, this.parent);
        setTimeout(() => { window.removeEventListener("message", heard); done({}); }, 1500);
      });
    }

    get(name) { return this.values ? this.values[name] ?? null : localStorage.getItem(this.prefix + name); }

    set(name, value) {
      if (!this.values) { try { localStorage.setItem(this.prefix + name, value); } catch (full) { return; } return; }
      this.values[name] = value;
      this.pass();
    }

    remove(name) {
      if (!this.values) { localStorage.removeItem(this.prefix + name); return; }
      delete this.values[name];
      this.pass();
    }

    names(start) {
      const all = this.values ? Object.keys(this.values) : Object.keys(localStorage).filter((name) => name.startsWith(this.prefix)).map((name) => name.slice(this.prefix.length));
      return all.filter((name) => name.startsWith(start));
    }

    pass() { if (this.parent) window.parent.postMessage({ kean: "keep", value: JSON.stringify(this.values) }, this.parent); }
  }

  class KeanLine {
    /* listener: message(m), state(s), outbox(), online(is), fault(sentence) */
    constructor(config, listener) {
      this.config = config;
      this.on = listener;
      this.shelf = new Shelf(config);
      this.outbox = [];
      this.lastId = "";
      this.chat = 0;
      this.isPumping = false;
      this.again = null;
      this.stream = null;
    }

    async open() {
      await this.shelf.open();
      this.on.kept();
      this.outbox = this.shelf.names("out:").map((name) => { try { return JSON.parse(this.shelf.get(name)); } catch (broken) { return null; } }).filter(Boolean).sort((a, b) => a.at - b.at);
      window.addEventListener("online", () => this.hurry());
      document.addEventListener("visibilitychange", () => { if (!document.hidden) this.hurry(); });
      this.on.outbox();
      if (this.token()) await this.look();
      this.pump();
    }

    token() { return this.shelf.get("token") || ""; }

    async call(method, path, body) {
      const headers = { "Accept-Language": document.documentElement.lang, Authorization: `Visitor ${this.token()}` };
      const isFile = body instanceof FormData;
      if (body && !isFile) headers["Content-Type"] = "application/json";
      const response = await fetch(this.config.api + path, {
        method, headers, body: body && !isFile ? JSON.stringify(body) : body,
        credentials: "omit", cache: "no-store", signal: AbortSignal.timeout(isFile ? 120000 : 15000),
      });
      const data = await response.json().catch(() => ({}));
      return { status: response.status, data, after: Number(response.headers.get("Retry-After")) * 1000 || 0 };
    }

    async welcome() {
      if (this.token()) return true;
      const { status, data } = await this.call("POST", "visitors/", {});
      if (status !== 201) return false;
      this.shelf.set("token", data.token);
      if (this.config.parent) window.parent.postMessage({ kean: "started" }, this.config.parent);
      return true;
    }

    /* Everything said so far; then the stream goes on after it. */
    async look() {
      for (let pause = 1000; ; pause = longer(pause)) {
        try {
          const { status, data } = await this.call("GET", "messages/");
          if (status === 200) { this.take(data); this.on.online(true); return; }
          if (status === 401) { this.forget(); return; }
          if (status === 404) return;
        } catch (away) { this.on.online(false); }
        await this.pause(pause);
      }
    }

    forget() { this.shelf.remove("token"); if (this.stream) this.stream.abort(); }

    take(data) {
      data.messages.forEach((message) => this.on.message(message));
      this.on.state(data.state);
      if (!this.lastId) this.lastId = String(data.last_event_id);
      if (data.state.chat && data.state.chat !== this.chat) {
        this.chat = data.state.chat;
        if (this.stream) this.stream.abort(); else this.listen();
      }
    }

    /* Sending: one after the other, each until it is answered; the server takes the same id once. */
    send(values) {
      const item = { client_id: newId(), at: Date.now(), ...values };
      this.outbox.push(item);
      this.shelf.set(`out:${item.client_id}`, JSON.stringify(item));
      this.on.outbox();
      this.pump();
    }

    retry(item) { item.fault = ""; this.on.outbox(); this.pump(); }

    drop(item) {
      this.outbox = this.outbox.filter((other) => other !== item);
      this.shelf.remove(`out:${item.client_id}`);
      this.on.outbox();
    }

    async pump() {
      if (this.isPumping) { this.hurry(); return; }
      this.isPumping = true;
      let pause = 1000;
      for (let item = this.next(); item; item = this.next()) {
        const held = await this.deliver(item);
        if (held === 0) { pause = 1000; continue; }
        await this.pause(held || pause);
        pause = longer(pause);
      }
      this.isPumping = false;
    }

    next() { return this.outbox.find((item) => !item.fault); }

    /* 0 when the item is done with, else the milliseconds to hold back (NaN: the usual pause). */
    async deliver(item) {
      try {
        if (!(await this.welcome())) return NaN;
        const { client_id, body, name, phone, order_no, files } = item;
        const said = { client_id, body, name, phone, order_no, attachments: (files || []).map((file) => file.key), waited_ms: Math.max(0, Math.min(86400000, Date.now() - item.at)) };
        const { status, data, after } = await this.call("POST", "messages/", said);
        this.on.online(true);
        if (status === 200) { this.drop(item); this.take(data); return 0; }
        if (status === 401) { this.forget(); return 0; }
        if (status === 409 || status === 429 || status >= 500) return after || NaN;
        item.fault = Object.values(data.fields || {}).flat()[0] || data.message || " ";
        this.on.outbox();
        return 0;
      } catch (away) {
        this.on.online(false);
        return NaN;
      }
    }

    pause(ms) { return new Promise((done) => { const timer = setTimeout(done, ms); this.again = () => { clearTimeout(timer); done(); }; }); }

    hurry() { if (this.again) this.again(); if (this.wake) this.wake(); }

    async act(path, body) {
      try {
        const { status, data } = await this.call("POST", path, body);
        if (status === 200) this.take(data);
        else this.on.fault(data.message);
        return status === 200;
      } catch (away) {
        this.on.online(false);
        this.on.fault("");
        return false;
      }
    }

    async upload(file) {
      const form = new FormData();
      form.append("file", file);
      if (!(await this.welcome())) return { fault: "" };
      const { status, data } = await this.call("POST", "files/", form);
      return status === 201 ? { file: data } : { fault: Object.values(data.fields || {}).flat()[0] || data.message || "" };
    }

    /* Listening: a stream read by hand, because the browser's own cannot carry the token in a header. */
    async listen() {
      for (let pause = 1000; this.token(); ) {
        this.stream = new AbortController();
        const started = Date.now();
        try {
          await this.read(this.stream);
        } catch (cut) {
          if (!this.stream.signal.aborted) this.on.online(false);
        }
        const isQuick = this.stream.signal.aborted && Date.now() - started < SILENCE;
        pause = Date.now() - started > 10000 || isQuick ? 1000 : longer(pause);
        await new Promise((done) => { const timer = setTimeout(done, isQuick ? 50 : pause); this.wake = () => { clearTimeout(timer); done(); }; });
        this.wake = null;
      }
      this.stream = null;
    }

    async read(control) {
      const headers = { Authorization: `Visitor ${this.token()}`, "Accept-Language": document.documentElement.lang };
      if (this.lastId) headers["Last-Event-ID"] = this.lastId;
      let watch = setTimeout(() => control.abort(), SILENCE);
      const response = await fetch(this.config.stream, { headers, credentials: "omit", cache: "no-store", signal: control.signal });
      if (response.status === 401) { this.forget(); return; }
      if (!response.ok) throw new Error("refused");
      this.on.online(true);
      const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      for (;;) {
        const { done, value } = await reader.read();
        clearTimeout(watch);
        if (done) return;
        watch = setTimeout(() => control.abort(), SILENCE);
        const blocks = (text + value).split("\n\n");
        text = blocks.pop();
        blocks.forEach((block) => this.hear(block));
      }
    }

    hear(block) {
      const fields = {};
      block.split("\n").forEach((line) => { const at = line.indexOf(": "); if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2); });
      if (fields.event === "message") this.on.message(JSON.parse(fields.data));
      if (fields.event === "state") this.on.state(JSON.parse(fields.data));
      // After what it names was taken in: a line cut in between asks for it again.
      if (fields.id) this.lastId = fields.id;
    }
  }

  window.KeanLine = KeanLine;
})();
