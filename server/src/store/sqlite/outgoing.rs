//! What webhooks are to be told, in SQLite.

use super::signed;
use crate::store::{FAR, StoreError};
use crate::webhook::outgoing::Outgoing;
use rusqlite::{Connection, Row, params};

pub(super) fn keep(connection: &Connection, items: &[Outgoing]) -> Result<(), StoreError> {
    if items.is_empty() {
        return Ok(());
    }
    let mut insert = connection
        .prepare_cached("INSERT INTO outgoing (hook, chat, body, tries, since, due) VALUES (?, ?, ?, 0, ?, ?)")?;
    for item in items {
        insert.execute(params![item.hook, item.chat, item.body, signed(item.since), signed(item.since)])?;
    }
    Ok(())
}

fn read(row: &Row<'_>) -> rusqlite::Result<Outgoing> {
    Ok(Outgoing {
        id: row.get::<_, i64>(0)?.unsigned_abs(),
        hook: row.get(1)?,
        chat: row.get(2)?,
        body: row.get(3)?,
        tries: row.get(4)?,
        since: row.get::<_, i64>(5)?.unsigned_abs(),
    })
}

/// `except` is the receivers to leave out, as JSON.
pub(super) fn claim(
    connection: &Connection,
    now: u64,
    until: u64,
    limit: usize,
    except: &str,
) -> Result<Vec<Outgoing>, StoreError> {
    let mut select = connection.prepare_cached(
        "SELECT id, hook, chat, body, tries, since FROM outgoing AS one WHERE (due <= ? OR due > ?)
        AND hook NOT IN (SELECT value FROM json_each(?)) AND NOT EXISTS
        (SELECT 1 FROM outgoing AS other WHERE other.hook = one.hook AND other.chat = one.chat AND other.id < one.id)
        ORDER BY id LIMIT ?",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let found: Vec<Outgoing> = select
        .query_map(params![signed(now), signed(now.saturating_add(FAR)), except, limit], read)?
        .collect::<Result<_, _>>()?;
    let mut update = connection.prepare_cached("UPDATE outgoing SET due = ? WHERE id = ?")?;
    for item in &found {
        update.execute(params![signed(until), signed(item.id)])?;
    }
    Ok(found)
}

pub(super) fn settle(connection: &Connection, id: u64, due: Option<u64>) -> Result<(), StoreError> {
    match due {
        None => connection.prepare_cached("DELETE FROM outgoing WHERE id = ?")?.execute([signed(id)])?,
        Some(due) => connection
            .prepare_cached("UPDATE outgoing SET due = ?, tries = tries + 1 WHERE id = ?")?
            .execute(params![signed(due), signed(id)])?,
    };
    Ok(())
}
