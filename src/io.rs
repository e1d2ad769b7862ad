//! What the driver is asked to do with sockets and HTTP, and what an HTTP exchange comes to.

/// A request to the driver. A socket is a WebSocket or, by its URL, another channel of messages: `own:` is a transport of the
/// page's own, `tab:` leads to the tab that holds the connection. Ids of sockets and requests are never used twice; input with an id that is no more in use
/// is dropped by the core.
#[derive(Debug)]
pub enum Io<J> {
    /// Open a socket.
    Open {
        /// The socket's id.
        socket: u32,
        /// The URL: `ws:`, `wss:`, `own:` or `tab:`.
        url: String,
    },
    /// Send a text frame.
    Frame {
        /// The socket's id.
        socket: u32,
        /// What to send, as JSON.
        body: J,
    },
    /// Close a socket, a WebSocket with code 1000.
    Close {
        /// The socket's id.
        socket: u32,
    },
    /// Send an HTTP POST, with credentials.
    Post {
        /// The request's id.
        request: u32,
        /// The URL.
        url: String,
        /// What to send, as JSON.
        body: J,
    },
    /// Send an HTTP POST as a form, with credentials.
    PostForm {
        /// The request's id.
        request: u32,
        /// The URL.
        url: String,
        /// The fields, a map; a map in it becomes fields `name[key]`.
        body: J,
    },
    /// Give up an HTTP request.
    Abort {
        /// The request's id.
        request: u32,
    },
    /// Tell other tabs of the session something: this one holds the connection.
    Tell {
        /// The only tab to be told.
        to: Option<u32>,
        /// The only one not to be told.
        except: Option<u32>,
        /// What to tell.
        frame: J,
    },
}

/// What an HTTP exchange came to.
#[derive(Clone, Debug)]
pub struct HttpAnswer<J> {
    /// The status; 0 when there was no answer.
    pub status: u16,
    /// The seconds of `Retry-After`.
    pub retry_after: Option<u32>,
    /// The parsed body, or what was wrong with it.
    pub body: Result<J, String>,
}
