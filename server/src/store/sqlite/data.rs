//! Session data in SQLite: a row for each member, so that a change writes what it changes and no more.

use super::{signed, text};
use crate::data::{Changed, DataChange, Delta, GONE, Owner, RECENT, RECORD, Room};
use crate::json::Raw;
use crate::store::StoreError;
use rusqlite::{Connection, OptionalExtension, Row, params};
use std::collections::BTreeSet;

/// What stands for all addresses in the table of sums.
const ALL: &str = "*";

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
    let mut select = connection.prepare_cached("SELECT version, size, address FROM data WHERE user = ?")?;
    let found = select.query_row([user], |row| Ok((number(row, 0)?, number(row, 1)?, row.get::<_, String>(2)?)));
    let (before, size_before, address) = found.optional()?.ok_or(StoreError::Unknown)?;
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
    let address = if address.is_empty() { change.budget.address.clone() } else { address };
    // At most: a deleted name may have been there as one before, or not at all.
    let names: usize = change.deleted.iter().map(String::len).sum();
    let more = ((size + names) as u64 + if before == 0 { RECORD } else { 0 }).saturating_sub(size_before);
    if !change.set.is_empty()
        && let Err(room) = admit(connection, change, more, &address)?
    {
        return Ok(Changed::NoRoom(room));
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
    let names = prune(connection, user, version)?;
    connection.prepare_cached("UPDATE data SET held = ?, address = ? WHERE user = ?")?.execute(params![
        signed(RECORD + size as u64 + names),
        address,
        user
    ])?;
    Ok(Changed::Done(version))
}

/// Whether there is room for so many bytes more.
fn admit(
    connection: &Connection,
    change: &DataChange,
    more: u64,
    address: &str,
) -> Result<Result<(), Room>, StoreError> {
    let mut sum = connection.prepare_cached("SELECT bytes FROM held WHERE address = ?")?;
    let mut held = |address: &str| sum.query_row([address], |row| number(row, 0)).optional();
    let (of_address, in_all) = (held(address)?.unwrap_or(0), held(ALL)?.unwrap_or(0));
    Ok(change.budget.admit(more, of_address, in_all))
}

/// Bytes that all visitors are charged with.
pub(super) fn held(connection: &Connection) -> Result<u64, StoreError> {
    let mut sum = connection.prepare_cached("SELECT bytes FROM held WHERE address = ?")?;
    Ok(sum.query_row([ALL], |row| number(row, 0)).optional()?.unwrap_or(0))
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

/// Forgets the names of deleted members when there are many; says how many bytes those take that are remembered.
fn prune(connection: &Connection, user: &str, version: u64) -> Result<u64, StoreError> {
    let mut count = connection.prepare_cached(
        "SELECT count(*), coalesce(sum(length(CAST(name AS BLOB))), 0) FROM members WHERE user = ? AND value IS NULL",
    )?;
    let (names, bytes) = count.query_row([user], |row| Ok((number(row, 0)?, number(row, 1)?)))?;
    if names > GONE as u64 {
        connection.execute("DELETE FROM members WHERE user = ? AND value IS NULL", [user])?;
        connection.execute("UPDATE data SET floor = ? WHERE user = ?", params![signed(version), user])?;
        return Ok(0);
    }
    Ok(bytes)
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
