/**
 * The types of the entry `causerie/react`, for React 18 and later.
 *
 * @module causerie/react
 */
import type {
  Chat, ChatError, ChatSession, ChatStatus, EndedEvent, MessageEvent, PartyId, RestoreOptions, StartOptions,
} from "./index.js";

/** The options of `startSession` and `restoreSession`. They may change with every render; a launch takes the newest. */
export interface UseChatSessionOptions extends RestoreOptions {
  /** Whether the session that this browser left is taken up when the component is on the page. Default true. */
  restore?: boolean;
  /** Whether a session is started when the component is on the page and there is none to restore. Default false. */
  start?: boolean;
  /** The instance that launches. Default: `chat` of `causerie`. */
  chat?: Chat;
}

export interface UseChatSession {
  /**
   * `"idle"`: there is no session. `"launching"`. `"failed"`: the launch was, see `error`. `"live"`. `"interrupted"`: the network is
   * broken; what is sent waits. `"ended"`: see `reason`.
   */
  readonly phase: "idle" | "launching" | "failed" | "live" | "interrupted" | "ended";
  /** The session, from its launch on, also after its end. */
  readonly session: ChatSession | undefined;
  /** Why the launch failed, or the last that `onError` told. */
  readonly error: ChatError | undefined;
  /** Why it ended. */
  readonly reason: EndedEvent["reason"] | undefined;
  readonly status: ChatStatus | undefined;
  readonly botActive: boolean;
  /** All messages, in order. A list that is never changed, but replaced. */
  readonly messages: readonly ChatMessage[];
  /** The agents who are in the session. */
  readonly agents: readonly ChatParty[];
  /** The agents who type. */
  readonly typing: readonly ChatParty[];

  // The commands are the same functions in every render. Those of the session reject with code 50 where there is none.
  /** Starts a session in place of the one that is there, which is freed. `more` goes before the hook's options. */
  start(more?: Partial<StartOptions>): Promise<ChatSession>;
  /** Takes up the session that this browser left. Rejects with code 300 where there is none. */
  restore(more?: RestoreOptions): Promise<ChatSession>;
  sendMessage(message: string | { message: string; type?: "text" | "url" }): Promise<void>;
  sendTyping(options?: { isTyping?: boolean; typedText?: string }): Promise<void>;
  leave(): Promise<void>;
}

export type ChatMessage = Readonly<MessageEvent> & {
  /** For React: one that no other message has. */
  readonly key: string;
};

export interface ChatParty {
  readonly id: PartyId;
  readonly name: string;
}

/**
 * A chat session that lives as long as the component. It is freed, not left, when the component goes, and taken up again when it
 * comes back. Safe in strict mode, in concurrent rendering and on a server, where it is `"idle"`.
 */
export function useChatSession(options: UseChatSessionOptions): UseChatSession;
