// The one class of errors: what `fail` and `catch` receive.

/** `error.code` and `error.description` as the chat session API has them; `code`, `message`, `cause` as errors have them. */
export class ChatError extends Error {
  constructor(code, description, cause) {
    super(description, cause === undefined ? undefined : { cause });
    this.name = "ChatError";
    this.code = code;
    // Where there is nothing to restore there was no failure: the page tells by the absence of `error`.
    if (code !== 300) {
      this.error = { code, description };
    }
  }
}
