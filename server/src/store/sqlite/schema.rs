//! The tables, and how a file of an older version becomes one of this.

use rusqlite::{Connection, Error};

/// Stands in the file's header: this is a file of ours.
const APPLICATION: i32 = 0x4341_5553;

/// Each step leads from the version that is its place to the next one.
const STEPS: [&str; 5] = [
    // The record and the entries are JSON; the columns beside them are what is looked for.
    "CREATE TABLE chats (
        id TEXT NOT NULL PRIMARY KEY,
        service TEXT NOT NULL,
        request TEXT,
        handle TEXT NOT NULL UNIQUE,
        version INTEGER NOT NULL,
        record TEXT NOT NULL
    ) STRICT;
    CREATE UNIQUE INDEX chats_by_request ON chats (service, request) WHERE request IS NOT NULL;
    CREATE TABLE entries (
        chat TEXT NOT NULL REFERENCES chats (id) ON DELETE CASCADE,
        place INTEGER NOT NULL,
        who INTEGER NOT NULL,
        message TEXT,
        entry TEXT NOT NULL,
        PRIMARY KEY (chat, place)
    ) STRICT;
    CREATE INDEX entries_by_message ON entries (chat, who, message) WHERE message IS NOT NULL;",
    "CREATE TABLE requests (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        service TEXT NOT NULL,
        time INTEGER NOT NULL,
        filled TEXT NOT NULL
    ) STRICT;",
    // A member without a value is a deleted one.
    "CREATE TABLE data (
        user TEXT NOT NULL PRIMARY KEY,
        handle TEXT NOT NULL UNIQUE,
        key TEXT NOT NULL,
        version INTEGER NOT NULL,
        floor INTEGER NOT NULL,
        size INTEGER NOT NULL,
        expires INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX data_by_expiry ON data (expires);
    CREATE TABLE members (
        user TEXT NOT NULL REFERENCES data (user) ON DELETE CASCADE,
        name TEXT NOT NULL,
        version INTEGER NOT NULL,
        value TEXT,
        PRIMARY KEY (user, name)
    ) STRICT;
    CREATE TABLE data_messages (
        user TEXT NOT NULL REFERENCES data (user) ON DELETE CASCADE,
        message TEXT NOT NULL,
        version INTEGER NOT NULL,
        PRIMARY KEY (user, message)
    ) STRICT;",
    "CREATE TABLE outgoing (
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        hook TEXT NOT NULL,
        chat TEXT NOT NULL,
        body TEXT NOT NULL,
        tries INTEGER NOT NULL,
        since INTEGER NOT NULL,
        due INTEGER NOT NULL
    ) STRICT;
    CREATE INDEX outgoing_in_order ON outgoing (hook, chat, id);
    CREATE INDEX outgoing_by_time ON outgoing (due);",
    // What visitors are charged with for their session data, and to which address; the sums are kept by the triggers, that of
    // all under '*'. What was kept before is charged to no address until it is changed.
    "ALTER TABLE data ADD COLUMN held INTEGER NOT NULL DEFAULT 0;
    ALTER TABLE data ADD COLUMN address TEXT NOT NULL DEFAULT '';
    CREATE TABLE held (address TEXT NOT NULL PRIMARY KEY, bytes INTEGER NOT NULL) STRICT;
    INSERT INTO held (address, bytes) VALUES ('*', 0);
    CREATE TRIGGER data_charged AFTER UPDATE OF held, address ON data BEGIN
        UPDATE held SET bytes = bytes - old.held WHERE address = '*' OR (address = old.address AND old.address <> '');
        INSERT OR IGNORE INTO held (address, bytes) SELECT new.address, 0 WHERE new.address <> '';
        UPDATE held SET bytes = bytes + new.held WHERE address = '*' OR (address = new.address AND new.address <> '');
        DELETE FROM held WHERE bytes <= 0 AND address IN (old.address, new.address);
    END;
    CREATE TRIGGER data_freed AFTER DELETE ON data BEGIN
        UPDATE held SET bytes = bytes - old.held WHERE address = '*' OR (address = old.address AND old.address <> '');
        DELETE FROM held WHERE bytes <= 0 AND address = old.address;
    END;
    UPDATE data SET held = size + 4096 WHERE version > 0;",
];

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// Something else keeps its data there.
    #[error("it is a database of another program")]
    Foreign,
    /// A newer program made it.
    #[error("it is of version {0}, and this program knows versions up to {1}: a newer program is needed")]
    Newer(i64, usize),
    /// An older program made it, and it is not to be changed now.
    #[error("it is of version {0}, and this program reads version {1}: a server has to open it first")]
    Older(usize, usize),
    /// The file cannot be read or written.
    #[error("{0}")]
    Failed(#[from] Error),
}

/// The version of a file of ours; 0 when there is nothing in it yet.
fn version(connection: &Connection) -> Result<usize, SchemaError> {
    let number = |pragma: &str| connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get::<_, i64>(0));
    let (application, version) = (number("application_id")?, number("user_version")?);
    let tables: i64 = connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != i64::from(APPLICATION) && (application != 0 || tables != 0) {
        return Err(SchemaError::Foreign);
    }
    match usize::try_from(version) {
        Ok(done) if done <= STEPS.len() => Ok(done),
        _ => Err(SchemaError::Newer(version, STEPS.len())),
    }
}

/// Sees to it that a file that is only read is of this version.
pub(super) fn expect(connection: &Connection) -> Result<(), SchemaError> {
    match version(connection)? {
        done if done == STEPS.len() => Ok(()),
        done => Err(SchemaError::Older(done, STEPS.len())),
    }
}

/// Makes the tables, or brings them up to date; all of it or nothing.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), SchemaError> {
    let transaction = connection.transaction_with_behavior(rusqlite::TransactionBehavior::Immediate)?;
    let done = version(&transaction)?;
    for step in STEPS.iter().skip(done) {
        transaction.execute_batch(step)?;
    }
    transaction.pragma_update(None, "application_id", APPLICATION)?;
    transaction.pragma_update(None, "user_version", i64::try_from(STEPS.len()).unwrap_or(i64::MAX))?;
    transaction.commit()?;
    Ok(())
}
