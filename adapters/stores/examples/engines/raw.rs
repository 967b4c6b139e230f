//! The bare engines: three tables, one synced batch.

use std::path::Path;

use anyhow::{Result, bail};
use fjall::{Database, Keyspace, KeyspaceCreateOptions, PersistMode};
use redb::{ReadableDatabase as _, ReadableTable as _, ReadableTableMetadata as _, TableDefinition};
use rusqlite::{Connection, OptionalExtension as _};

use crate::commit::Commit;

/// An engine.
pub(crate) trait Raw: Send {
    /// Looks whether each kept key is there, and writes everything, synced.
    fn write(&mut self, batch: &[Commit]) -> Result<()>;

    /// Reads all documents. Returns how many.
    fn documents(&mut self) -> Result<usize>;
}

/// Opens the engine of that name.
pub(crate) fn open(engine: &str, directory: &Path) -> Result<Box<dyn Raw>> {
    Ok(match engine {
        "fjall" => Box::new(Fjall::open(directory)?),
        "redb" => Box::new(Redb(redb::Database::create(directory.join("redb"))?)),
        "sqlite" => Box::new(Sqlite::open(directory)?),
        other => bail!("no engine {other}"),
    })
}

struct Fjall {
    database: Database,
    documents: Keyspace,
    kept: Keyspace,
    log: Keyspace,
}

impl Fjall {
    fn open(directory: &Path) -> Result<Self> {
        let database = Database::builder(directory.join("fjall")).worker_threads(2).open()?;
        let table = |name| database.keyspace(name, || KeyspaceCreateOptions::default().max_memtable_size(16 << 20));
        let (documents, kept, log) = (table("documents")?, table("kept")?, table("log")?);
        Ok(Self { database, documents, kept, log })
    }
}

impl Raw for Fjall {
    fn write(&mut self, batch: &[Commit]) -> Result<()> {
        let mut all = self.database.batch().durability(Some(PersistMode::SyncData));
        for commit in batch {
            if self.kept.contains_key(&commit.kept.0)? {
                continue;
            }
            all.insert(&self.documents, &*commit.document.0, &*commit.document.1);
            all.insert(&self.kept, &*commit.kept.0, &*commit.kept.1);
            all.insert(&self.log, &*commit.record.0, &*commit.record.1);
        }
        Ok(all.commit()?)
    }

    fn documents(&mut self) -> Result<usize> {
        let mut octets = 0;
        let mut count = 0;
        for guard in self.documents.iter() {
            octets += guard.into_inner()?.1.len();
            count += 1;
        }
        Ok(if octets == 0 { 0 } else { count })
    }
}

const DOCUMENTS: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("documents");
const KEPT: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("kept");
const LOG: TableDefinition<'_, &[u8], &[u8]> = TableDefinition::new("log");

struct Redb(redb::Database);

impl Raw for Redb {
    fn write(&mut self, batch: &[Commit]) -> Result<()> {
        let all = self.0.begin_write()?;
        {
            let (mut documents, mut kept) = (all.open_table(DOCUMENTS)?, all.open_table(KEPT)?);
            let mut log = all.open_table(LOG)?;
            for commit in batch {
                if kept.get(&*commit.kept.0)?.is_some() {
                    continue;
                }
                documents.insert(&*commit.document.0, &*commit.document.1)?;
                kept.insert(&*commit.kept.0, &*commit.kept.1)?;
                log.insert(&*commit.record.0, &*commit.record.1)?;
            }
        }
        Ok(all.commit()?)
    }

    fn documents(&mut self) -> Result<usize> {
        let table = self.0.begin_read()?.open_table(DOCUMENTS)?;
        let mut octets = 0;
        for entry in table.iter()? {
            octets += entry?.1.value().len();
        }
        Ok(if octets == 0 { 0 } else { usize::try_from(table.len()?)? })
    }
}

struct Sqlite(Connection);

impl Sqlite {
    fn open(directory: &Path) -> Result<Self> {
        let connection = Connection::open(directory.join("sqlite"))?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
             CREATE TABLE IF NOT EXISTS documents (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS kept (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID;
             CREATE TABLE IF NOT EXISTS log (k BLOB PRIMARY KEY, v BLOB) WITHOUT ROWID;",
        )?;
        Ok(Self(connection))
    }
}

impl Raw for Sqlite {
    fn write(&mut self, batch: &[Commit]) -> Result<()> {
        let all = self.0.transaction()?;
        {
            let mut look = all.prepare_cached("SELECT 1 FROM kept WHERE k = ?1")?;
            let mut documents = all.prepare_cached("INSERT OR REPLACE INTO documents VALUES (?1, ?2)")?;
            let mut kept = all.prepare_cached("INSERT OR REPLACE INTO kept VALUES (?1, ?2)")?;
            let mut log = all.prepare_cached("INSERT OR REPLACE INTO log VALUES (?1, ?2)")?;
            for commit in batch {
                if look.query_row([&commit.kept.0], |_| Ok(())).optional()?.is_some() {
                    continue;
                }
                documents.execute((&commit.document.0, &commit.document.1))?;
                kept.execute((&commit.kept.0, &commit.kept.1))?;
                log.execute((&commit.record.0, &commit.record.1))?;
            }
        }
        Ok(all.commit()?)
    }

    fn documents(&mut self) -> Result<usize> {
        let mut statement = self.0.prepare("SELECT v FROM documents ORDER BY k")?;
        let mut rows = statement.query([])?;
        let mut count = 0;
        while let Some(row) = rows.next()? {
            count += usize::from(!row.get_ref(0)?.as_blob()?.is_empty());
        }
        Ok(count)
    }
}
