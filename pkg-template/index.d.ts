/// <reference lib="esnext.disposable" />
/**
 * The types of the package's main entry: every option with its unit and default, every event, every error code.
 *
 * @module causerie
 */

// What the classic script `causerie.global.js` gives a page has the same types.
export as namespace causerie;

/** A ready-made instance. */
export const chat: Chat;

/** Makes another instance, with its own defaults: any option of `startSession`, which then may be left out there. */
export function createChat(defaults: StartOptions): ChatWithDefaults;
export function createChat(): Chat;

/**
 * Loads the WebAssembly module ahead of time, or from where the page says; with `transport: "rest"` that of REST. Without it, the
 * first command that needs one loads it from `wasm` beside this file. May be called again after a failure. Rejects with code 306.
 */
export function init(source?: InitSource | Promise<InitSource>, options?: Pick<LaunchOptions, "transport">): ChatPromise<void>;

export type InitSource = string | URL | Request | Response | BufferSource | WebAssembly.Module;

export interface Chat {
  /** Launches a new session; resolves once the server has accepted it. */
  startSession(options: StartOptions): ChatPromise<ChatSession>;
  /**
   * Launches the session that this browser left. Rejects with an error that has no `error` member where there is
   * nothing to restore, and with one that has where there is but it failed.
   */
  restoreSession(options?: RestoreOptions): ChatPromise<ChatSession, ChatError>;
}

/** An instance that has defaults of its own. */
export interface ChatWithDefaults extends Chat {
  /** Launches a new session; options go before the defaults. */
  startSession(options?: StartOptions): ChatPromise<ChatSession>;
}

export interface LaunchOptions {
  /**
   * The base URL of the chat server: CometD is expected at `{base}/cometd`, REST at `{base}/2/chat`. Mandatory, unless
   * `servers` is given or `transport` is an object.
   */
  serverUrl?: string;
  /** Several base URLs, tried in order and failed over in turn. */
  servers?: string[];
  /** The channel (topic) that the session belongs to. Default `"default"`. */
  service?: string;
  /**
   * Which wire: `"auto"` (the default) is WebSocket, and long-polling where that is not answered; `"rest"` is chat v2 over
   * plain HTTP. Or a transport of the page's own, which makes `serverUrl` unnecessary.
   */
  transport?: "auto" | "websocket" | "long-polling" | "rest" | Transport | GenesysTransport;
  /**
   * Keeps the transcript in the browser, so that a later page plays it back at once, even offline, and fetches only what
   * is new. Up to 20,000 entries and 5,000,000 characters a session. Default `"none"`: no text is stored.
   */
  cache?: "none" | "indexeddb";
  /** Whether the tabs of one site share one session and one connection. Default true. */
  multiTab?: boolean;
  /**
   * Where the state for a restore lives. Default `"session"`. Messages that the server does not have yet are kept there
   * too and sent after a reload; not so in a cookie (it is small, and goes to whoever serves the page) or in memory.
   */
  storage?: "session" | "local" | "cookie" | "memory" | StateStorage;
  /** An alias of `storage`, for objects. */
  stateStorage?: StateStorage;
  /** How long, in seconds, the page may be away or the network broken before the session is given up. Default 60. */
  maxOfflineDuration?: number;
  /** Writes diagnostics to the console, a line for each event and each loss of the link: never a message's text, a name or a secret. Default false. */
  debug?: boolean;
  /** Receives the diagnostics instead of the console. */
  logger?: (line: string) => void;
  /** Gives up the launch; it then rejects with code 308. */
  signal?: AbortSignal;
}

export interface StartOptions extends LaunchOptions {
  /** The visitor's name. Default `"User"`. */
  username?: string;
  firstName?: string;
  lastName?: string;
  emailAddress?: string;
  subject?: string;
  /** Attached data, passed on to the server as it is. `any`, for else no value of a page's own `interface` would do. */
  userData?: Record<string, any>;
}

/** As for a start. Server, service, transport (but for one of the page's own) and `maxOfflineDuration` are as before when left out. */
export type RestoreOptions = LaunchOptions & Partial<StartOptions>;

/** The page's own store of the restore state, synchronous or not. */
export interface StateStorage {
  read(): unknown;
  write(state: unknown): unknown;
  /** Without it, `write(null)` is called instead. */
  clear?(): unknown;
}

/**
 * A transport of the page's own. It carries the operations and replies of chat v2; what it reports is validated as what a
 * server sends is.
 */
export interface Transport {
  /**
   * Connects, and again a while after `sink.closed()`. It is connected when the promise that it returns resolves, or
   * else when it calls `sink.opened()`.
   */
  start(sink: TransportSink, options: { service: string }): unknown;
  /**
   * Carries an operation. What it returns, or what its promise resolves to, is the reply of chat v2. Nothing means done or,
   * of `requestChat`, that the reply comes by `sink.receive`. A rejection means that the operation is refused.
   */
  send(command: TransportCommand): unknown;
  /** The transport is not needed any more, or not until the next `start`. */
  close?(): unknown;
}

export interface TransportSink {
  /** The transport is connected. */
  opened(): void;
  /** A push came: an object as chat v2 has it, `{ statusCode, messages?, chatEnded?, … }`. */
  receive(reply: unknown): void;
  /** The connection is lost. */
  closed(): void;
}

/** An operation of chat v2, with the members that it has there. */
export interface TransportCommand {
  operation: string;
  [member: string]: unknown;
}

/**
 * A transport in the form of the Genesys chat API. Each method returns a promise, or an object with `done` and `fail`, that of
 * `startSession` of `{ sessionId }`, of a bare text, or of nothing; each registrar is called once, with what takes the events.
 */
export interface GenesysTransport {
  init?(): unknown;
  startSession(options: { username: string; userData?: Record<string, unknown>; subject?: string }): unknown;
  sendMessage(options: { sessionId: string; message: string; type: "text" | "url" }): unknown;
  sendTyping?(options: { sessionId: string; isTyping: boolean; typedText?: string }): unknown;
  getTranscript(options: { sessionId: string; fromIndex: number }): unknown;
  leaveSession(options: { sessionId: string }): unknown;
  onError?(callback: (event: unknown) => void): unknown;
  onAgentConnected?(callback: (event: unknown) => void): unknown;
  onAgentDisconnected?(callback: (event: unknown) => void): unknown;
  onAgentTyping?(callback: (event: unknown) => void): unknown;
  onMessageReceived?(callback: (event: unknown) => void): unknown;
  onSessionEnded?(callback: (event: unknown) => void): unknown;
  onInterrupted?(callback: () => void): unknown;
  onContinued?(callback: () => void): unknown;
}

/** A real promise that also has `done` and `fail`, each of which returns the same object. */
export class ChatPromise<T, E extends ChatError = CommandError> extends Promise<T> {
  done(callback: (result: T) => void): this;
  fail(callback: (event: E) => void): this;
}

/** What every command and launch rejects with. */
export class ChatError extends Error {
  code: ChatErrorCode;
  /** Absent only where there is nothing to restore (code 300). */
  error?: { code: ChatErrorCode; description: string };
  cause?: unknown;
}

/** A `ChatError` of anything but `restoreSession`: `event.error.code` is always there. */
export interface CommandError extends ChatError {
  error: { code: ChatErrorCode; description: string };
}

/** Codes 1 to 150 are those of the chat session API; 300 to 399 are Causerie's own. */
export type ChatErrorCode =
  | 1 // UnknownCommand: unknown command
  | 2 // ParameterMissing: a mandatory parameter is missing
  | 3 // ParameterIncorrect: the value of a parameter is incorrect
  | 50 // SessionOver: the session is unknown or already over
  | 51 // CommandStopped: the command was stopped by an interceptor
  | 52 // CommandFailed: the command failed
  | 100 // ServerUnavailable: the chat server is not available
  | 101 // LoginRefused: the chat server refused the login
  | 150 // NetworkInterrupted: the network is interrupted (deprecated twin of onInterrupted)
  | 300 // NothingToRestore: there is no session to restore
  | 301 // TryingOtherServer: the server does not answer, another one is tried
  | 302 // RestoredElsewhere: the session goes on with another instance of the server
  | 303 // ServerNotReady: the server answers but is not ready yet
  | 304 // MalformedEvent: an event of the server was malformed and has been dropped
  | 305 // StorageFailed: the state for a restore could not be stored or read
  | 306 // LoadFailed: the WebAssembly module could not be loaded
  | 307 // Internal: an internal error; this page's sessions can not go on
  | 308 // Aborted: the launch was given up by its signal
  | 309; // EarlierMessageLost: a message that the visitor sent before the page was reloaded could not be delivered

export class ChatSession {
  private constructor();
  /** The server's id of the session. */
  readonly id: string;

  /** The transcript as far as the page has been sent it, from a 0-based index on. Fires no event. */
  getTranscript(options?: { /** Default 0. */ fromIndex?: number }): ChatPromise<{ transcript: TranscriptEntry[] }>;
  /**
   * Sends a message; settles when the server has it. While the session is interrupted the message waits, and is sent
   * once, in order, after `onContinued`.
   */
  sendMessage(message: string): ChatPromise<void>;
  sendMessage(options: { message: string; /** Default `"text"`. */ type?: "text" | "url" }): ChatPromise<void>;
  /** Tells the agents that the visitor types, or has stopped. At most one a second is sent. Rejects when the server refuses it. */
  sendTyping(options?: { /** Default true. */ isTyping?: boolean; /** The text so far. */ typedText?: string }): ChatPromise<void>;
  /** Ends the session. */
  leave(): ChatPromise<void>;
  /** Whether at least one agent is in the session. */
  isAgentConnected(): boolean;

  /**
   * All events in their order, for `for await`: what callbacks get, each with its `type`. As with callbacks, what is in the
   * transcript comes again. It ends with the session, by the signal, or when the session is freed.
   */
  events(options?: CallbackOptions): AsyncGenerator<SessionEvent, void, undefined>;
  /**
   * Lets go of everything in this page: timers, listeners, sockets, callbacks, memory. Commands that wait reject with code 50, and so do
   * later ones. The server is told of no leave: until `maxOfflineDuration` is over the session can be restored.
   */
  free(): void;
  /** `using session = await chat.startSession(…)` frees it at the end of the block. */
  [Symbol.dispose](): void;

  /** The status of the session. With a server that reports none, codes 4 to 7 are derived from who speaks. */
  readonly status: ChatStatus;
  /** Whether a bot answers. */
  readonly botActive: boolean;
  /** Submits a form. Rejects with code 3 naming each wrong field; nothing is sent then. */
  submitForm(options: { kind: FormKind; values: Record<string, string | number | boolean | null | undefined> }): ChatPromise<void>;
  /** Answers the FAQ's suggestion; one that is refused forwards the session to the queue. */
  answerFaq(options: { id: string; accepted: boolean }): ChatPromise<void>;
  /** The data of the session that this side may change: at most 10 MB, code 3 beyond. */
  readonly data: SessionData;
  /** The data of the session that only the server changes: a frozen copy. */
  readonly internal: Readonly<Record<string, unknown>>;

  // A callback that is registered late first receives every past event of its kind that is in the transcript; the first for
  // errors those that nobody was told of. Each registrar returns a function that unregisters.
  onError(callback: (event: ErrorEvent) => void, options?: CallbackOptions): () => void;
  onAgentConnected(callback: (event: AgentEvent) => void, options?: CallbackOptions): () => void;
  onAgentDisconnected(callback: (event: AgentEvent) => void, options?: CallbackOptions): () => void;
  onMessageReceived(callback: (event: MessageEvent) => void, options?: CallbackOptions): () => void;
  onAgentTyping(callback: (event: TypingEvent) => void, options?: CallbackOptions): () => void;
  onInterrupted(callback: () => void, options?: CallbackOptions): () => void;
  onContinued(callback: () => void, options?: CallbackOptions): () => void;
  onSessionEnded(callback: (event: EndedEvent) => void, options?: CallbackOptions): () => void;
  onStatusChanged(callback: (event: StatusEvent) => void, options?: CallbackOptions): () => void;
  /** A form is asked for. A callback that is registered while it is gets it. */
  onFormRequested(callback: (event: { form: ChatForm }) => void, options?: CallbackOptions): () => void;
  /** The FAQ has an answer. A callback that is registered while it is open gets it. */
  onFaqSuggested(callback: (event: { question: string; answer: string; id: string }) => void, options?: CallbackOptions): () => void;
  /** The session was over and goes on as a new one, which this object drives from now on. Positions begin anew. */
  onRenewed(callback: (event: RenewedEvent) => void, options?: CallbackOptions): () => void;
  /** Members of `data` were set or deleted, by whomever. */
  onDataChanged(callback: (event: { keys: string[] }) => void, options?: CallbackOptions): () => void;
}

/** An event of `session.events()`. */
export type SessionEvent =
  | ({ type: "AgentConnected" | "AgentDisconnected" } & AgentEvent)
  | ({ type: "AgentTyping" } & TypingEvent)
  | ({ type: "MessageReceived" } & MessageEvent)
  | ({ type: "SessionEnded" } & EndedEvent)
  | ({ type: "StatusChanged" } & StatusEvent)
  | ({ type: "Error" } & ErrorEvent)
  | ({ type: "Renewed" } & RenewedEvent)
  | { type: "Interrupted" | "Continued" }
  | { type: "FormRequested"; form: ChatForm }
  | { type: "FaqSuggested"; question: string; answer: string; id: string }
  | { type: "DataChanged"; keys: string[] };

/** The twelve states of a chat. */
export type ChatStatus =
  | { readonly code: 0; readonly name: "invalid" }
  | { readonly code: 1; readonly name: "preChatForm" }
  | { readonly code: 2; readonly name: "faq" }
  | { readonly code: 3; readonly name: "offlineForm" }
  | { readonly code: 4; readonly name: "inQueue" }
  | { readonly code: 5; readonly name: "customerLast" }
  | { readonly code: 6; readonly name: "userLast" }
  | { readonly code: 7; readonly name: "finished" }
  | { readonly code: 8; readonly name: "deleted" }
  | { readonly code: 9; readonly name: "closed" }
  | { readonly code: 10; readonly name: "requestPosted" }
  | { readonly code: 11; readonly name: "closedFromQueue" };

export interface StatusEvent {
  old: ChatStatus;
  new: ChatStatus;
  botActive: boolean;
  /** Milliseconds since the epoch, UTC. */
  timestamp: number;
  restored?: true;
}

export type FormKind = "pre-chat" | "post-chat" | "offline";

export interface ChatForm {
  readonly kind: FormKind;
  readonly fields: readonly FormField[];
}

export interface FormField {
  readonly name: string;
  readonly label: string;
  readonly type: "text" | "textarea" | "email" | "tel" | "number" | "select" | "checkbox" | "rating";
  readonly required: boolean;
  /** Of a `select`. */
  readonly options?: readonly string[];
  /** A regular expression for the whole value. */
  readonly pattern?: string;
  /** In characters. */
  readonly maxLength?: number;
}

export interface RenewedEvent {
  previousId: string;
  id: string;
  reason: "timeout" | "script";
}

export interface SessionData {
  /** A copy of a member, or of all of them, from the local copy. */
  get(): Record<string, unknown>;
  get(key: string): unknown;
  /** Sets members, all or none; settles when the server has them. */
  set(values: Record<string, any>): ChatPromise<void>;
  /** Deletes members. */
  delete(keys: string | string[]): ChatPromise<void>;
}

export interface CallbackOptions {
  /** Unregisters the callback when aborted. */
  signal?: AbortSignal;
}

/** Unique in its session: a number from most servers, a string from some. */
export type PartyId = number | string;

export interface MessageEvent {
  /** The place in the transcript, counted from 0. */
  index: number;
  /** Milliseconds since the epoch, UTC. */
  timestamp: number;
  content: { text: string; type: { text: true; url?: undefined } | { url: true; text?: undefined } };
  party: { id: PartyId; name: string; type: PartyFlags };
  /** An earlier page was told of it. */
  restored?: true;
}

/** One of them is true. */
export type PartyFlags = { agent?: true; client?: true; external?: true; supervisor?: true };

export interface AgentEvent {
  party: { id: PartyId; name: string; type: { agent: true } };
  timestamp: number;
  index: number;
  restored?: true;
}

export interface TypingEvent {
  party: { id: PartyId; name: string };
  isTyping: boolean;
}

export interface EndedEvent {
  /** One of them is true. */
  reason: { leaveRequest?: true; agent?: true; error?: true };
  restored?: true;
}

export interface ErrorEvent {
  error: { code: ChatErrorCode; description: string };
}

/** An event in its plain, serialisable form. */
export type TranscriptEntry =
  | { type: "AgentConnected" | "AgentDisconnected"; party: TranscriptParty; index: number; timestamp: number }
  | {
      type: "MessageReceived";
      party: TranscriptParty;
      content: { text: string; type: "text" | "url" };
      index: number;
      timestamp: number;
    }
  | { type: "SessionEnded"; reason: { code: 1 | 2 | 3; description: string }; timestamp: number };

export interface TranscriptParty {
  id: PartyId;
  type: "Agent" | "Client" | "External" | "Supervisor";
  name: string;
}
