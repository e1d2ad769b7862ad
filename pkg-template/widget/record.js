// The conversation as a file: kept line by line, for a session that is over answers no question any more.

export class Record {
  #words;
  #lines = [];
  #day;

  constructor(words) {
    this.#words = words;
  }

  get isEmpty() { return this.#lines.length === 0; }

  message(timestamp, name, text) {
    this.#add(timestamp, `${name}: ${text}`);
  }

  line(timestamp, key, name) {
    this.#add(timestamp, `(${this.#words.of(key, { name })})`);
  }

  #add(timestamp, text) {
    const day = this.#words.date(timestamp);
    if (day !== this.#day) this.#lines.push(...(this.#day === undefined ? [] : [""]), day, "");
    this.#day = day;
    this.#lines.push(`${this.#words.time(timestamp)}  ${text}`);
  }

  /** Lets the browser save it. */
  save() {
    const text = `${this.#lines.join("\r\n")}\r\n`;
    const url = URL.createObjectURL(new Blob([text], { type: "text/plain;charset=utf-8" }));
    const link = document.createElement("a");
    link.href = url;
    link.download = `chat-${new Date().toISOString().slice(0, 10)}.txt`;
    link.click();
    // The browser reads it after the click.
    setTimeout(() => URL.revokeObjectURL(url), 10_000);
  }
}
