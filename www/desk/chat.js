// One of the agent's chats: its transcript, what is unread in it, and what is being typed.

import { Transcript } from "./transcript.js";

export class Chat {
  /** Changed when the chat is opened in the panel; unread entries are counted only while it is not. */
  open = false;
  unread = 0;
  ended = false;
  draft = "";
  preview = "";
  typing = false;
  #seen = new Set(); // indices: a transcript that is read again after a break brings what is known already

  constructor(id, me) {
    this.id = id;
    this.me = me;
    this.nickname = "";
    this.subject = "";
    this.forms = {};
    this.transcript = new Transcript("Conversation");
    this.element = document.createElement("div");
    this.element.append(this.transcript.element, this.transcript.typingElement);
  }

  get isEmpty() { return this.#seen.size === 0; }

  describe({ nickname, subject, status, forms = {}, previousId }) {
    Object.assign(this, { status, forms, previousId });
    this.nickname = nickname ?? this.nickname;
    this.subject = subject ?? this.subject;
  }

  /** `old` entries were there before this agent looked: they are not news. */
  take(entry, old = false) {
    const { from = {}, index, type, text = "" } = entry;
    if (type === "TypingStarted" || type === "TypingStopped") {
      if (this.#isMe(from)) return;
      this.typing = type === "TypingStarted";
      this.transcript.typing(from.participantId, from.nickname, this.typing);
      return;
    }
    if (index !== undefined) {
      if (this.#seen.has(index)) return;
      this.#seen.add(index);
    }
    const timestamp = entry.utcTime ?? Date.now();
    const own = this.#isMe(from);
    const isUrl = type === "PushUrl" || entry.messageType === "url";
    if (type === "Message" || type === "PushUrl") {
      this.#stopsTyping(from);
      const side = own ? "own" : from.type === "External" ? "system" : "other";
      this.transcript.message({ side, author: from.nickname, text, isUrl, timestamp, old });
      this.preview = own ? `You: ${text}` : text;
      if (!own && !old && !this.open) this.unread += 1;
    } else if (type === "ParticipantJoined") {
      this.transcript.line("joined", { who: own ? "You" : from.nickname, timestamp, old });
    } else if (type === "ParticipantLeft") {
      this.#stopsTyping(from);
      this.transcript.line("left", { who: own ? "You" : from.nickname, timestamp, old });
      if (from.type === "Client") this.end();
    }
    // Notices carry status and data for the visitor's page; the agent has no use for them.
  }

  #isMe(from) {
    return from.type === "Agent" && from.nickname === this.me;
  }

  #stopsTyping(from) {
    this.typing = false;
    this.transcript.typing(from.participantId, from.nickname, false);
  }

  end(line) {
    if (this.ended) return;
    this.ended = true;
    this.typing = false;
    this.transcript.nobodyTypes();
    if (line) this.transcript.line(line);
  }
}
