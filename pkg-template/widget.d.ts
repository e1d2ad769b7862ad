/**
 * The types of `causerie/widget`, which registers the element `<causerie-chat>`.
 *
 * @module causerie/widget
 */
import type {
  AgentEvent, ChatErrorCode, ChatSession, EndedEvent, MessageEvent as ChatMessageEvent, RenewedEvent, StartOptions, StatusEvent,
} from "./index.js";

/**
 * `<causerie-chat>`: a chat in a corner of the page, or with `inline` in its place. On a server, where there are no elements, the
 * class is there and can not be used.
 *
 * | attribute | meaning |
 * |---|---|
 * | `server-url`, `service`, `username`, `subject` | as the options of `startSession`; with `username` the visitor is not asked for a name |
 * | `lang` | the language; default: that of the page around it. Known are en, fr, de, es, ar and ja, others by `strings` |
 * | `open` | whether the panel is open |
 * | `inline` | in the place where the element stands, always open, without a launcher |
 * | `autostart` | opening it begins a chat, without asking for a name and a question |
 * | `heading` | what the header says while no agent is there |
 * | `theme` | `light` or `dark`; default: what the visitor's system says |
 */
export class CauserieChat extends HTMLElement {
  /** Whether the panel is open; reflects the attribute. */
  open: boolean;
  /** Options of `startSession` and `restoreSession`: they go before the attributes. A new object counts from the next chat on. */
  options: Partial<StartOptions>;
  /** The page's own words. Those that are left out are the widget's. */
  strings: Strings | Record<string, Strings>;
  /** The session, while there is one, and after its end until a new chat. */
  readonly session: ChatSession | undefined;
  /** How many messages came while the chat was not seen. */
  readonly unread: number;
  /** Opens the panel and gives it the focus. */
  show(): void;
  /** Closes the panel; the chat goes on. The focus goes back to where it was. */
  minimise(): void;
  /**
   * Begins a chat without asking anything; with one that is on, only `question` is sent. Rejects as `startSession` does; the panel
   * says so, too.
   */
  start(options?: Partial<StartOptions> & { /** The visitor's first message. */ question?: string }): Promise<ChatSession>;

  addEventListener<K extends keyof CauserieChatEventMap>(
    type: K, listener: (this: CauserieChat, event: CauserieChatEventMap[K]) => unknown, options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | AddEventListenerOptions): void;
  removeEventListener<K extends keyof CauserieChatEventMap>(
    type: K, listener: (this: CauserieChat, event: CauserieChatEventMap[K]) => unknown, options?: boolean | EventListenerOptions,
  ): void;
  removeEventListener(type: string, listener: EventListenerOrEventListenerObject, options?: boolean | EventListenerOptions): void;
}

/** The events of the element. All bubble, also out of shadow roots. */
export interface CauserieChatEventMap extends HTMLElementEventMap {
  "causerie-open": CustomEvent<Record<never, never>>;
  "causerie-close": CustomEvent<Record<never, never>>;
  /** There is a session: a new one, or one that was taken up again. */
  "causerie-session": CustomEvent<{ session: ChatSession; restored: boolean }>;
  /** The visitor has written something. */
  "causerie-send": CustomEvent<{ text: string }>;
  "causerie-message": CustomEvent<ChatMessageEvent>;
  "causerie-agent-joined": CustomEvent<AgentEvent>;
  "causerie-agent-left": CustomEvent<AgentEvent>;
  "causerie-interrupted": CustomEvent<Record<never, never>>;
  "causerie-continued": CustomEvent<Record<never, never>>;
  "causerie-status": CustomEvent<StatusEvent>;
  "causerie-renewed": CustomEvent<RenewedEvent>;
  /** How many messages were not seen has changed. */
  "causerie-unread": CustomEvent<{ count: number }>;
  "causerie-end": CustomEvent<EndedEvent>;
  "causerie-error": CustomEvent<{ code: ChatErrorCode; description: string }>;
}

/** What the widget says. In braces stand the names of what is put in: `"{name} joined"`. */
export type Strings = Partial<Record<
  | "title" | "open" | "minimise" | "menu" | "unread" | "sound" | "notifications" | "save" | "end" | "welcome" | "name" | "question"
  | "start" | "opening" | "connecting" | "cancel" | "again" | "discard" | "hint" | "write" | "message" | "send" | "conversation"
  | "shortly" | "queue" | "nobody" | "online" | "assistant" | "over" | "agent" | "you" | "joined" | "left" | "types" | "typeMany"
  | "sending" | "waits" | "sent" | "failed" | "lost" | "interrupted" | "offline" | "back" | "latest" | "leaving" | "stay"
  | "endedLeaveRequest" | "endedAgent" | "endedError" | "newChat" | "startFailed" | "restoreFailed" | "setup" | "blocked" | "preChat"
  | "postChat" | "offlineForm" | "thanks" | "optional" | "required" | "invalid" | "choose" | "skip" | "stars" | "faqAsk" | "faq"
  | "faqYes" | "faqNo" | "more" | "newTab" | "notify",
  string
>>;

declare global {
  interface HTMLElementTagNameMap {
    "causerie-chat": CauserieChat;
  }
}
