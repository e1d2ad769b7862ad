//! The one table of errors: code, name, cause and remedy, for Rust, for the `.d.ts` and for the manual. A test walks it.

use std::fmt;

use crate::text;

/// Declares [`Code`] and its table.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident $code:literal $cause:literal $remedy:literal;)*) => {
        /// The code of an error that a page sees.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum Code { $(#[doc = $cause] $name),* }

        impl Code {
            /// All codes, in order.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// The number.
            pub fn number(self) -> u16 {
                match self { $(Code::$name => $code),* }
            }

            /// The name, as in the `.d.ts`.
            pub fn name(self) -> &'static str {
                match self { $(Code::$name => stringify!($name)),* }
            }

            /// What happened.
            pub fn cause(self) -> &'static str {
                match self { $(Code::$name => $cause),* }
            }

            /// What the page can do.
            pub fn remedy(self) -> &'static str {
                match self { $(Code::$name => $remedy),* }
            }
        }
    };
}

codes! {
    UnknownCommand 1 "unknown command" "call a command that the session has";
    ParameterMissing 2 "a mandatory parameter is missing" "give it";
    ParameterIncorrect 3 "the value of a parameter is incorrect" "give what was expected";
    SessionOver 50 "the session is unknown or already over" "start a new session";
    CommandStopped 51 "the command was stopped by an interceptor" "see what the interceptor asks for";
    CommandFailed 52 "the command failed" "try again, or show the text to the visitor";
    ServerUnavailable 100 "the chat server is not available" "try again later";
    LoginRefused 101 "the chat server refused the login" "check the service, the origin and the server's own words";
    NetworkInterrupted 150 "the network is interrupted" "nothing: the session reconnects; use onInterrupted and onContinued";
    NothingToRestore 300 "there is no session to restore" "start a new session";
    TryingOtherServer 301 "the server does not answer, another one is tried" "nothing";
    RestoredElsewhere 302 "the session goes on with another instance of the server" "nothing";
    ServerNotReady 303 "the server answers but is not ready yet" "nothing: it is asked again";
    MalformedEvent 304 "an event of the server was malformed and has been dropped" "report it to whoever runs the server";
    StorageFailed 305 "the state for a restore could not be stored or read" "allow storage, or give another `storage`";
    LoadFailed 306 "the WebAssembly module could not be loaded" "serve it where `init` looks, and allow 'wasm-unsafe-eval'";
    Internal 307 "an internal error; this page's sessions can not go on" "reload the page, and report it";
    Aborted 308 "the launch was given up by its signal" "nothing";
    EarlierMessageLost 309 "a message that the visitor sent before the page was reloaded could not be delivered" "show that it was not delivered";
}

/// An error for the page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    /// The code.
    pub code: Code,
    /// What exactly: what was expected, what came. May be empty.
    pub detail: String,
}

impl Error {
    /// An error with what exactly happened.
    #[inline(never)]
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self { code, detail: detail.into() }
    }
}

impl From<Code> for Error {
    #[inline(never)]
    fn from(code: Code) -> Self {
        Self::new(code, "")
    }
}

impl Error {
    /// The description that the page gets.
    pub fn text(&self) -> String {
        let colon = if self.detail.is_empty() { "" } else { ": " };
        text::join(&[self.code.cause(), colon, &self.detail])
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text())
    }
}
