//! How chats and their entries are written: as text, which is made where the change is asked for, not by the one thread that
//! writes.

use super::worker::prepared;
use super::{outgoing, requests, signed, text};
use crate::chat::draft::Draft;
use crate::chat::model::OfflineRequest;
use crate::json::write;
use crate::store::{Created, StoreError};
use crate::webhook::outgoing::Outgoing;
use rusqlite::{Connection, OptionalExtension, params};

/// A change of a chat as it goes into the file.
pub(super) struct Written {
    id: String,
    version: i64,
    record: String,
    entries: Vec<WrittenEntry>,
    request: Option<OfflineRequest>,
    outgoing: Vec<Outgoing>,
}

struct WrittenEntry {
    place: i64,
    who: i64,
    message: Option<String>,
    entry: String,
}

/// A new chat, and by what it is found.
pub(super) struct Beginning {
    written: Written,
    service: String,
    request: Option<String>,
    handle: String,
}

impl Written {
    pub(super) fn of(draft: &Draft) -> Self {
        let entries = draft.entries.iter().filter_map(|entry| {
            Some(WrittenEntry {
                place: signed(entry.index?),
                who: signed(entry.from.participant_id),
                message: entry.message_id.clone(),
                entry: write(entry),
            })
        });
        Self {
            id: draft.chat.id.clone(),
            version: signed(draft.chat.version),
            record: write(&*draft.chat),
            entries: entries.collect(),
            request: draft.request.clone(),
            outgoing: draft.outgoing.clone(),
        }
    }

    /// Keeps what a change makes.
    pub(super) fn change(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut update = prepared(connection, "UPDATE chats SET version = ?, record = ? WHERE id = ? AND version = ?")?;
        if update.execute(params![self.version, self.record, self.id, self.version - 1])? == 0 {
            let mut select = prepared(connection, "SELECT id FROM chats WHERE id = ?")?;
            let known = select.exists([&self.id])?;
            return Err(if known { StoreError::Conflict } else { StoreError::Unknown });
        }
        self.append(connection)?;
        if let Some(request) = &self.request {
            requests::keep(connection, request)?;
        }
        outgoing::keep(connection, &self.outgoing)
    }

    fn append(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut insert =
            prepared(connection, "INSERT INTO entries (chat, place, who, message, entry) VALUES (?, ?, ?, ?, ?)")?;
        for WrittenEntry { place, who, message, entry } in &self.entries {
            insert.execute(params![self.id, place, who, message, entry])?;
        }
        Ok(())
    }
}

impl Beginning {
    pub(super) fn of(draft: &Draft) -> Self {
        let chat = &draft.chat;
        Self {
            written: Written::of(draft),
            service: chat.service.clone(),
            request: chat.request.clone(),
            handle: chat.key.handle().to_owned(),
        }
    }

    /// Keeps it, unless its request has made one before.
    pub(super) fn create(&self, connection: &Connection) -> Result<Created, StoreError> {
        if let Some(request) = &self.request
            && let Some(known) = prepared(connection, "SELECT id FROM chats WHERE service = ? AND request = ?")?
                .query_row([&self.service, request], text)
                .optional()?
        {
            return Ok(Created::Known(known));
        }
        self.add(connection)?;
        Ok(Created::New)
    }

    /// Keeps it.
    pub(super) fn add(&self, connection: &Connection) -> Result<(), StoreError> {
        let mut insert = prepared(
            connection,
            "INSERT INTO chats (id, service, request, handle, version, record) VALUES (?, ?, ?, ?, ?, ?)",
        )?;
        let Written { id, version, record, outgoing, .. } = &self.written;
        insert.execute(params![id, self.service, self.request, self.handle, version, record])?;
        self.written.append(connection)?;
        outgoing::keep(connection, outgoing)
    }
}
