//! Session data in SQLite: a row for each member, so that a change writes what it changes and no more.

use super::{signed, text};
use crate::data::{Changed, DataChange, Delta, GONE, Owner, RECENT};
use crate::json::Raw;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;

/// A number that SQLite keeps with a sign.
fn number(row: &Row<'_>, at: usize) -> rusqlite::Result<u64> {
    row.get::<_, i64>(at).map(i64::unsigned_abs)
}

fn owner(row: &Row<'_>) -> rusqlite::Result<(String, String)> {
    Ok((row.get(0)?, row.get(1)?))
}

pub(super) fn open(connection: &Connection, owner_: &Owner, expires: u64) -> Result<Owner, StoreError> {
    connection
        .prepare_cached(
            "INSERT INTO data (user, handle, key, version, floor, size, expires) VALUES (?, ?, ?, 0, 0, 0, ?)
            ON CONFLICT (user) DO UPDATE SET expires = excluded.expires",
        )?
        .execute(params![owner_.user, owner_.key.handle(), owner_.key.reveal(), signed(expires)])?;
    let mut select = connection.prepare_cached("SELECT user, key FROM data WHERE user = ?")?;
    let (user, key) = select.query_row([&owner_.user], owner)?;
    Ok(Owner { user, key: key.into() })
}

pub(super) fn find(connection: &Connection, handle: &str) -> Result<Option<Owner>, StoreError> {
    let mut select = connection.prepare_cached("SELECT user, key FROM data WHERE handle = ?")?;
    Ok(select.query_row([handle], owner).optional()?.map(|(user, key)| Owner { user, key: key.into() }))
}

pub(super) fn change(connection: &Connection, user: &str, change: &DataChange) -> Result<Changed, StoreError> {
    let mut select = connection.prepare_cached("SELECT version FROM data WHERE user = ?")?;
    let before = select.query_row([user], |row| number(row, 0)).optional()?.ok_or(StoreError::Unknown)?;
    if let Some(id) = &change.message {
        let mut known =
            connection.prepare_cached("SELECT version FROM data_messages WHERE user = ? AND message = ?")?;
        if let Some(version) = known.query_row([user, id], |row| number(row, 0)).optional()? {
            return Ok(Changed::Done(version));
        }
    }
    if change.only.is_some_and(|only| only != before) {
        return Ok(Changed::Stale);
    }
    let size = size_after(connection, user, change)?;
    if size > change.limit {
        return Ok(Changed::TooLarge);
    }
    let version = before + 1;
    let mut set = connection.prepare_cached(
        "INSERT INTO members (user, name, version, value) VALUES (?, ?, ?, ?)
        ON CONFLICT (user, name) DO UPDATE SET version = excluded.version, value = excluded.value",
    )?;
    for (name, value) in &change.set {
        set.execute(params![user, name, signed(version), value.get()])?;
    }
    let mut delete =
        connection.prepare_cached("UPDATE members SET version = ?, value = NULL WHERE user = ? AND name = ?")?;
    for name in change.deleted.iter().filter(|name| !change.set.contains_key(*name)) {
        delete.execute(params![signed(version), user, name])?;
    }
    connection
        .prepare_cached("UPDATE data SET version = ?, size = ?, expires = ? WHERE user = ?")?
        .execute(params![signed(version), signed(size as u64), signed(change.expires), user])?;
    if let Some(id) = &change.message {
        connection
            .prepare_cached("INSERT INTO data_messages (user, message, version) VALUES (?, ?, ?)")?
            .execute(params![user, id, signed(version)])?;
        connection
            .prepare_cached(
                "DELETE FROM data_messages WHERE user = ?1 AND version <= (SELECT version FROM data_messages
                WHERE user = ?1 ORDER BY version DESC LIMIT 1 OFFSET ?2)",
            )?
            .execute(params![user, i64::try_from(RECENT).unwrap_or(i64::MAX)])?;
    }
    prune(connection, user, version)?;
    Ok(Changed::Done(version))
}

/// How much all members take after a change.
fn size_after(connection: &Connection, user: &str, change: &DataChange) -> Result<usize, StoreError> {
    let size = |row: &Row<'_>| row.get::<_, i64>(0).map(|size| usize::try_from(size).unwrap_or(usize::MAX));
    let mut all = connection.prepare_cached("SELECT size FROM data WHERE user = ?")?;
    let mut total = all.query_row([user], size)?;
    let mut one = connection.prepare_cached(
        "SELECT length(CAST(name AS BLOB)) + length(CAST(value AS BLOB)) FROM members
        WHERE user = ? AND name = ? AND value IS NOT NULL",
    )?;
    let touched: BTreeSet<&String> = change.set.keys().chain(&change.deleted).collect();
    for name in touched {
        total = total.saturating_sub(one.query_row([user, name.as_str()], size).optional()?.unwrap_or(0));
    }
    Ok(total + change.set.iter().map(|(name, value)| crate::data::size(name, value)).sum::<usize>())
}

/// Forgets the names of deleted members when there are many.
fn prune(connection: &Connection, user: &str, version: u64) -> Result<(), StoreError> {
    let mut count = connection.prepare_cached("SELECT count(*) FROM members WHERE user = ? AND value IS NULL")?;
    if count.query_row([user], |row| number(row, 0))? > GONE as u64 {
        connection.execute("DELETE FROM members WHERE user = ? AND value IS NULL", [user])?;
        connection.execute("UPDATE data SET floor = ? WHERE user = ?", params![signed(version), user])?;
    }
    Ok(())
}

pub(super) fn read(connection: &Connection, user: &str, since: u64) -> Result<Delta, StoreError> {
    let mut select = connection.prepare_cached("SELECT version, floor FROM data WHERE user = ?")?;
    let found = select.query_row([user], |row| Ok((number(row, 0)?, number(row, 1)?))).optional()?;
    let Some((version, floor)) = found else { return Ok(Delta::default()) };
    let from = if since < floor || since > version { 0 } else { since };
    let mut delta = Delta { version, from, ..Delta::default() };
    let mut members =
        connection.prepare_cached("SELECT name, value FROM members WHERE user = ? AND version > ? ORDER BY name")?;
    let rows =
        members.query_map(params![user, signed(from)], |row| Ok((text(row)?, row.get::<_, Option<String>>(1)?)))?;
    for row in rows {
        let (name, value) = row?;
        match value {
            Some(value) => {
                let value: Raw = super::parse(&value)?;
                delta.set.insert(name, value);
            }
            None if from > 0 => delta.deleted.push(name),
            None => {}
        }
    }
    Ok(delta)
}

pub(super) fn remove(connection: &Connection, user: &str) -> Result<(), StoreError> {
    connection.prepare_cached("DELETE FROM data WHERE user = ?")?.execute([user])?;
    Ok(())
}

pub(super) fn expire(connection: &Connection, now: u64) -> Result<usize, StoreError> {
    Ok(connection.prepare_cached("DELETE FROM data WHERE expires < ?")?.execute([signed(now)])?)
}
