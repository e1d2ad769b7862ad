//! WebSocket: envelopes are frames, events are pushed as frames of their own, and a connect is a heartbeat.

use crate::App;
use crate::bayeux::{Ending, Held, Outcome, Via, failure, split};
use crate::json::array;
use crate::origin::Caller;
use crate::session::{Hold, Session};
use axum::extract::ws::{CloseFrame, Message, WebSocket, close_code};
use futures_util::SinkExt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until, timeout};
use tungstenite::error::{CapacityError, Error};

/// How long a frame may take to leave before the socket is given up.
const SEND_TIME: Duration = Duration::from_secs(20);
/// No frame is longer, but for one event alone: a socket keeps room for the longest that it ever sent.
const FRAME: usize = 16 * 1024;
/// How long the other end may take to close.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// One socket.
struct Socket {
    app: Arc<App>,
    caller: Caller,
    socket: WebSocket,
    /// The session whose events go here, and the number of this link.
    linked: Option<(Arc<Session>, u64)>,
    held: Option<(Held, Instant)>,
}

/// Why a socket is closed from here, or that it is lost.
enum End {
    Close(u16, &'static str),
    Lost,
}

/// Serves a socket until it closes. The future has the socket once: an `async fn` would keep the place of its argument too.
pub fn serve(app: Arc<App>, caller: Caller, socket: WebSocket) -> impl Future<Output = ()> + Send + 'static {
    let mut socket = Socket { app, caller, socket, linked: None, held: None };
    async move {
        let end = socket.run().await;
        if let Some((session, number)) = socket.linked.take() {
            session.unlink(Some(number));
        }
        if let Some((held, _)) = socket.held.take() {
            held.session.connect_over(held.number, socket.app.config.bayeux.max_interval());
        }
        if let End::Close(code, reason) = end {
            let _ = timeout(CLOSE_TIME, socket.close(code, reason)).await;
        }
    }
}

impl Socket {
    async fn run(&mut self) -> End {
        let ping = Duration::from_millis(self.app.config.bayeux.ping_ms);
        let mut heard = Instant::now();
        let mut next_ping = Some(heard + ping).filter(|_| !ping.is_zero());
        let stop = self.app.stop.clone();
        let nobody = Notify::new();
        // Both are registered with the runtime once, not for each frame.
        let (stopping, timer) = (stop.cancelled(), sleep_until(heard + ping));
        tokio::pin!(stopping, timer);
        loop {
            let session = self.linked.as_ref().map(|(session, _)| Arc::clone(session));
            let changed = session.as_ref().map_or_else(|| nobody.notified(), |session| session.changed());
            tokio::pin!(changed);
            // So that no change is missed between the look below and the wait.
            changed.as_mut().enable();
            if let Err(end) = self.settle(None).await {
                return end;
            }
            let deadline = self.held.as_ref().map(|(_, deadline)| *deadline);
            let due = deadline.into_iter().chain(next_ping).min();
            if let Some(due) = due.filter(|due| *due != timer.deadline()) {
                timer.as_mut().reset(due);
            }
            tokio::select! {
                biased;
                () = &mut stopping => {
                    let _ = self.settle(Some(Ending::Stopping)).await;
                    return End::Close(close_code::AWAY, "the server stops");
                }
                frame = self.socket.recv() => {
                    heard = Instant::now();
                    match self.frame(frame).await {
                        Ok(()) => {}
                        Err(end) => return end,
                    }
                }
                () = changed => {}
                () = &mut timer, if due.is_some() => {
                    // A connect whose time is over is answered before the next wait.
                    if next_ping.is_some_and(|at| at <= Instant::now()) {
                        if heard.elapsed() > ping * 2 {
                            return End::Lost;
                        }
                        next_ping = Some(Instant::now() + ping);
                        if let Err(end) = self.send(Message::Ping(Vec::new().into())).await {
                            return end;
                        }
                    }
                }
            }
        }
    }

    async fn send(&mut self, message: Message) -> Result<(), End> {
        in_time(self.socket.send(message)).await
    }

    /// Sends the events of a session, and the replies to an envelope in a frame after them. Events that did not leave wait for
    /// the next socket.
    async fn send_for(&mut self, session: &Session, events: &[Arc<str>], replies: &[String]) -> Result<(), End> {
        let mut left = events;
        loop {
            let (now, later) = left.split_at(in_one_frame(left));
            let told = if later.is_empty() { replies } else { &[] };
            if let Err(end) = in_time(self.send_frames(now, told)).await {
                session.restore(left.to_vec());
                return Err(end);
            }
            left = later;
            if left.is_empty() {
                return Ok(());
            }
        }
    }

    /// Two frames, where there is anything for them, in one go.
    async fn send_frames(&mut self, events: &[Arc<str>], replies: &[String]) -> Result<(), axum::Error> {
        if !events.is_empty() {
            self.socket.feed(Message::Text(array(events.iter().map(AsRef::as_ref)).into())).await?;
        }
        if !replies.is_empty() {
            self.socket.feed(Message::Text(array(replies.iter().map(String::as_str)).into())).await?;
        }
        self.socket.flush().await
    }

    /// Pushes what waits, and answers the held connect if it is due, or for the given reason.
    async fn settle(&mut self, reason: Option<Ending>) -> Result<(), End> {
        if let Some((session, number)) = &self.linked {
            let (session, number) = (Arc::clone(session), *number);
            let events = session.drain_link(number);
            self.send_for(&session, &events, &[]).await?;
        }
        let Some((held, deadline)) = &self.held else { return Ok(()) };
        let ending = match held.session.hold(held.number, true) {
            Hold::Gone => Ending::Gone,
            Hold::Overrun => Ending::Overrun,
            Hold::Superseded => Ending::Superseded,
            Hold::Events => Ending::Due,
            Hold::Wait => match reason {
                Some(reason) => reason,
                None if *deadline <= Instant::now() => Ending::Due,
                None => return Ok(()),
            },
        };
        match self.held.take() {
            Some((held, _)) => {
                let texts = self.app.connected(&held, ending);
                self.send(Message::Text(array(texts.iter().map(AsRef::as_ref)).into())).await
            }
            None => Ok(()),
        }
    }

    async fn frame(&mut self, frame: Option<Result<Message, axum::Error>>) -> Result<(), End> {
        let text = match frame {
            None => return Err(End::Lost),
            Some(Ok(Message::Close(_))) => {
                // The answer to it is ready, and leaves now; without it the other end takes the socket for broken.
                let _ = timeout(CLOSE_TIME, self.socket.flush()).await;
                return Err(End::Lost);
            }
            Some(Ok(Message::Ping(_) | Message::Pong(_))) => return Ok(()),
            Some(Ok(Message::Binary(_))) => {
                return Err(End::Close(close_code::UNSUPPORTED, "text frames are expected"));
            }
            Some(Err(error)) => return Err(refusal(error)),
            Some(Ok(Message::Text(text))) => text,
        };
        let app = Arc::clone(&self.app);
        let messages = match split(&text) {
            Ok(messages) => messages,
            Err(error) => return self.send(Message::Text(failure(error).into())).await,
        };
        // Boxed: what an envelope needs while it is worked on is several times what a silent visitor's task needs.
        let mut outcome = Box::pin(app.envelope(&Via::WebSocket, &self.caller, &messages)).await;
        self.bind(&outcome);
        let held = outcome.held.take();
        match &outcome.session {
            Some(session) => self.send_for(session, &session.drain(), &outcome.replies).await?,
            // Nobody's, or empty: then the answer is too.
            None => self.send(Message::Text(array(outcome.replies.iter().map(String::as_str)).into())).await?,
        }
        drop(outcome);
        if let Some(held) = held {
            // A newer connect on this socket: the older is answered first.
            if self.held.is_some() {
                self.settle(None).await?;
            }
            let deadline = Instant::now() + held.timeout;
            self.held = Some((held, deadline));
        }
        Ok(())
    }

    /// From its first message on a session's events go to this socket.
    fn bind(&mut self, outcome: &Outcome) {
        let Some(session) = &outcome.session else { return };
        if self.linked.as_ref().is_some_and(|(linked, number)| linked.id == session.id && linked.is_linked(*number)) {
            return;
        }
        if let Some((other, number)) = self.linked.take() {
            other.unlink(Some(number));
        }
        self.linked = Some((Arc::clone(session), session.link()));
    }

    async fn close(&mut self, code: u16, reason: &'static str) {
        let frame = CloseFrame { code, reason: reason.into() };
        if self.socket.send(Message::Close(Some(frame))).await.is_ok() {
            let _ = self.socket.flush().await;
            // What cannot be read cannot be skipped: the other end is given the time to see why.
            while let Some(received) = self.socket.recv().await {
                if received.is_err() {
                    tokio::time::sleep(CLOSE_TIME).await;
                }
            }
        }
    }
}

/// Waits until something is sent, but not for long.
async fn in_time(sending: impl Future<Output = Result<(), axum::Error>>) -> Result<(), End> {
    match timeout(SEND_TIME, sending).await {
        Ok(Ok(())) => Ok(()),
        _ => Err(End::Lost),
    }
}

/// How many of these events one frame takes; at least one, if there is any.
fn in_one_frame(events: &[Arc<str>]) -> usize {
    let lengths = events.iter().scan(0, |length, text| {
        *length += text.len();
        Some(*length)
    });
    lengths.take_while(|length| *length <= FRAME).count().max(1).min(events.len())
}

/// What a frame that could not be read is answered with.
fn refusal(error: axum::Error) -> End {
    match error.into_inner().downcast::<Error>().map(|error| *error) {
        Ok(Error::Capacity(CapacityError::MessageTooLong { .. })) => {
            End::Close(close_code::SIZE, "the message is too large")
        }
        Ok(Error::Utf8(_)) => End::Close(close_code::INVALID, "UTF-8 is expected"),
        Ok(Error::Protocol(_)) => End::Close(close_code::PROTOCOL, "not as WebSocket frames are"),
        _ => End::Lost,
    }
}
