//! Offline requests in SQLite.

use super::{parse, signed};
use crate::chat::model::OfflineRequest;
use crate::json::write;
use crate::store::StoreError;
use rusqlite::{Connection, params};

pub(super) fn keep(connection: &Connection, request: &OfflineRequest) -> Result<(), StoreError> {
    let OfflineRequest { service, time, values, .. } = request;
    let mut insert = connection.prepare_cached("INSERT INTO requests (service, time, filled) VALUES (?, ?, ?)")?;
    insert.execute(params![service, signed(*time), write(values)])?;
    Ok(())
}

pub(super) fn list(connection: &Connection, after: u64, limit: usize) -> Result<Vec<OfflineRequest>, StoreError> {
    let mut select =
        connection.prepare_cached("SELECT id, service, time, filled FROM requests WHERE id > ? ORDER BY id LIMIT ?")?;
    let rows = select.query_map(params![signed(after), i64::try_from(limit).unwrap_or(i64::MAX)], |row| {
        let (id, time): (i64, i64) = (row.get(0)?, row.get(2)?);
        Ok((id.unsigned_abs(), row.get(1)?, time.unsigned_abs(), row.get::<_, String>(3)?))
    })?;
    rows.map(|row| {
        let (id, service, time, filled) = row?;
        Ok(OfflineRequest { id, service, time, values: parse(&filled)? })
    })
    .collect()
}

pub(super) fn remove(connection: &Connection, id: u64) -> Result<bool, StoreError> {
    Ok(connection.prepare_cached("DELETE FROM requests WHERE id = ?")?.execute([signed(id)])? > 0)
}
