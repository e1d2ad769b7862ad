//! How messages are taken in: envelopes, answers, advice, and sockets that close.

use super::advice::{Advice, Reconnect};
use super::client::{Client, Phase, Timer};
use super::message::{self, Answer, Inbound, Kind, Message};
use crate::fault::Fault;
use crate::json::{Json, Name};
use crate::protocol::Event;
use crate::text;
use crate::time::Now;

impl<J: Json> Client<J> {
    /// The socket is closed, or could not be opened.
    pub(super) fn closed(&mut self, code: u16) {
        self.socket = None;
        self.lose(match code {
            1009 => Fault::TooLarge,
            _ if self.phase == Phase::Opening => Fault::Network("the WebSocket could not be opened"),
            _ => Fault::Network("the WebSocket was closed"),
        });
    }

    /// Takes in an array of messages, or a bare one.
    pub(super) fn take_envelope(&mut self, now: Now, body: J) {
        if let Some(data) = body.ordinary_push() {
            return self.emit(Event::Data { id: None, data });
        }
        let Some(count) = body.len() else {
            return self.take_message(now, body);
        };
        for place in 0..count {
            self.take_message(now, body.at(place));
            // What a lost link still held is of no use: it comes again.
            if self.phase == Phase::Idle {
                return;
            }
        }
    }

    fn take_message(&mut self, now: Now, message: J) {
        if !message.is_object() {
            return self.emit(Event::Malformed(text::join(&[message.kind(), " in place of a message"])));
        }
        match message::read(message) {
            Inbound::Event { id, data } => {
                // Some servers leave the publisher's id on what they deliver: only our own ids mean anything here.
                let id = id.filter(|id| id.starts_with(&self.id_prefix));
                // The result says more than the acknowledgement, which may follow it or not. Nothing but a publish is
                // answered by data: a connect that is forgotten would leave the link deaf.
                let answered =
                    |(sent, _): &(Message<J>, u64)| sent.kind == Kind::Publish && Some(&sent.id) == id.as_ref();
                if let Some(place) = self.pending.iter().position(answered) {
                    self.pending.remove(place);
                }
                self.emit(Event::Data { id, data });
            }
            Inbound::Malformed(what) => self.emit(Event::Malformed(what)),
            Inbound::Answer(answer) => self.take_answer(now, answer),
        }
    }

    fn take_answer(&mut self, now: Now, answer: Answer<J>) {
        let place = self.pending.iter().position(|(waiting, _)| match &answer.id {
            Some(id) => waiting.id == *id,
            // It may be left out of an answer; those of publishes come in their order.
            None => waiting.kind == answer.kind,
        });
        let Some(place) = place else {
            self.stale += u32::from(answer.kind != Kind::Publish);
            return;
        };
        let (asked, _) = self.pending.remove(place);
        if let Some(advice) = answer.advice {
            self.advice = advice;
        }
        match asked.kind {
            Kind::Handshake => self.take_handshake(now, &answer),
            Kind::Connect => self.take_connect(now, &answer),
            Kind::Disconnect => self.close(),
            Kind::Subscribe if answer.successful => self.subscribed = true,
            Kind::Subscribe if names_lost_client(&answer) => self.shake_hands_again(now),
            Kind::Subscribe => self.lose(Fault::Refused(answer.error)),
            Kind::Publish if answer.successful => self.emit(Event::Acknowledged { id: asked.id, result: Ok(()) }),
            Kind::Publish if names_lost_client(&answer) => self.shake_hands_again(now),
            Kind::Publish => self.emit(Event::Acknowledged { id: asked.id, result: Err(Fault::Refused(answer.error)) }),
        }
    }

    fn take_handshake(&mut self, now: Now, answer: &Answer<J>) {
        if !answer.successful {
            let stop = answer.advice.is_some_and(|advice| advice.reconnect == Some(Reconnect::None));
            let error = answer.error.clone();
            return self.lose(if stop {
                Fault::Refused(error)
            } else {
                Fault::Error { expected: "a handshake", error }
            });
        }
        let Some(client) = answer.message.string_of(Name::ClientId) else {
            return self.lose(Fault::peer("a clientId in the answer to the handshake", "none"));
        };
        self.spoke = true;
        let types = answer.message.get(Name::SupportedConnectionTypes);
        let count = types.len().unwrap_or(0);
        let named =
            (0..count).any(|place| types.at(place).string().as_deref() == Some(message::connection_type(self.wire)));
        if count > 0 && !named {
            return self.lose(Fault::peer(message::connection_type(self.wire), "a server without it"));
        }
        self.client_id = Some(client);
        let ack = answer.message.get(Name::Ext).get(Name::Ack);
        self.ack = (ack.bool() == Some(true) || ack.is_object()).then_some(0.0);
        self.subscribed = false;
        self.handshakes += 1;
        self.connected_at = now.mono;
        self.phase = Phase::Attaching;
        self.emit(Event::Attach);
    }

    fn take_connect(&mut self, now: Now, answer: &Answer<J>) {
        if self.phase == Phase::Leaving {
            return;
        }
        if answer.successful {
            self.spoke = true;
            self.connected_at = now.mono;
            self.handshakes = 0;
            if self.ack.is_some() {
                self.ack = answer.message.get(Name::Ext).number_of(Name::Ack).or(self.ack);
            }
            if self.phase == Phase::Connecting {
                self.phase = Phase::Connected;
                self.emit(Event::Up);
            }
            if self.advice.reconnect == Some(Reconnect::None) {
                return self.lose(Fault::Refused("the server asks not to reconnect".to_owned()));
            }
            return if self.advice.interval == 0 {
                self.connect(now);
            } else {
                self.timers.set(Timer::Connect, now.after(self.advice.interval));
            };
        }
        match answer.advice.and_then(|advice: Advice| advice.reconnect) {
            Some(Reconnect::None) => self.lose(Fault::Refused(answer.error.clone())),
            Some(Reconnect::Handshake) => self.shake_hands_again(now),
            _ if message::names_unknown_client(&answer.error) => self.shake_hands_again(now),
            Some(Reconnect::Retry) | None => {
                self.lose(Fault::Error { expected: "a successful connect", error: answer.error.clone() });
            }
        }
    }
}

/// Whether the refusal of a message means that the server does not know us any more.
fn names_lost_client<J>(answer: &Answer<J>) -> bool {
    answer.advice.is_some_and(|advice| advice.reconnect == Some(Reconnect::Handshake))
        || message::names_unknown_client(&answer.error)
}
