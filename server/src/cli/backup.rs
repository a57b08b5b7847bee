//! Backup to one file, and restore.

use super::{open, sqlite_path};
use crate::console::seconds_since;
use crate::private_files;
use crate::settings::{Backup, Restore};
use anyhow::{Context, Result, bail};
use backend::{backup, copy, programme};
use domain::fault;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::time::Instant;
use tempfile::{NamedTempFile, TempDir};

/// Writes a backup. The file gets its name only once it is complete, checked and on the disk.
///
/// # Errors
/// If the file already exists or cannot be written; nothing of it is left then.
pub async fn backup(url: &str, wanted: &Backup) -> Result<()> {
    let begun = Instant::now();
    let file = &wanted.file;
    let named = || file.display().to_string();
    let database = sqlite_path(url).map(Path::new);
    if let Some(database) = database {
        let there = fs::canonicalize(database).with_context(|| database.display().to_string())?;
        if fs::canonicalize(file).is_ok_and(|file| file == there) {
            bail!("{}: this is the database itself", named());
        }
    }
    if !wanted.force && file.exists() {
        bail!("{}: there is such a file already; --force replaces it", named());
    }
    let room = room_in(folder_of(file)).with_context(named)?;
    let new = NamedTempFile::new_in(&room).with_context(named)?;
    match database {
        Some(database) => backup::copy_file(database, new.path())
            .await
            .with_context(named)?,
        None => {
            let (from, to) = (open(url).await?, open(&url_of(new.path())?).await?);
            backend::migrate(&to).await.with_context(named)?;
            copy::copy(&from, &to, |_, _| {}).await.with_context(named)?;
            to.close().await;
            from.close().await;
        }
    }
    backup::check_file(new.path()).await.with_context(named)?;
    let bytes = fs::metadata(new.path()).with_context(named)?.len();
    put_in_place(new, file, wanted.force).with_context(named)?;
    outln!("{}: {} KB in {}", named(), bytes / 1024, seconds_since(begun));
    Ok(())
}

/// Replaces the database by a backup.
///
/// # Errors
/// If the file is not a backup, the database is in use, or it holds a programme and `--force` is not given; nothing is
/// changed then.
pub async fn restore(url: &str, wanted: &Restore) -> Result<()> {
    let replaced = match sqlite_path(url) {
        Some(database) => restore_file(Path::new(database), wanted).await?,
        None => {
            restore_postgres(url, wanted).await?;
            None
        }
    };
    outln!(
        "{} is in place and a new epoch has begun: phones will send again what they still have",
        wanted.file.display()
    );
    if let Some(replaced) = replaced {
        outln!("what was there before: {}", replaced.display());
    }
    Ok(())
}

/// Returns the path of the replaced database, if there was one.
async fn restore_file(database: &Path, wanted: &Restore) -> Result<Option<PathBuf>> {
    let named = || database.display().to_string();
    let folder = folder_of(database);
    fs::create_dir_all(folder).with_context(|| folder.display().to_string())?;
    let room = room_in(folder).with_context(named)?;
    let new = renewed(&wanted.file, &room).await?;
    let db = open(&url_of(new.path())?).await?;
    let mut tx = db.write().await?;
    if !fault!("restore-on-sqlite-begins-no-epoch") {
        programme::begin_epoch(&mut tx).await?;
    }
    tx.commit().await?;
    db.close().await;
    backup::check_file(new.path()).await.with_context(named)?;
    let mut replaced = None;
    if database.exists() {
        let mut present = backup::connect_alone(database).await.with_context(named)?;
        if backup::holds_programme(&mut present).await.with_context(named)? {
            if !wanted.force {
                bail!("{}: it holds a programme already; --force replaces it", named());
            }
            let aside = PathBuf::from(format!("{}.replaced", named()));
            // Why a hard link first: a database exists at every moment.
            fs::hard_link(database, &aside)
                .with_context(|| format!("{}, where the present database is kept", aside.display()))?;
            private_files::close(&aside)?;
            replaced = Some(aside);
        }
        owned_like(new.path(), database).with_context(named)?;
    }
    put_in_place(new, database, true).with_context(named)?;
    Ok(replaced)
}

async fn restore_postgres(url: &str, wanted: &Restore) -> Result<()> {
    let room = room_in(&std::env::temp_dir())?;
    let backup = renewed(&wanted.file, &room).await?;
    let to = open(url).await?;
    backend::migrate(&to).await?;
    to.close().await;
    // Why reopened: leftover connections of the first pool would be mistaken for other users.
    let to = open(url).await?;
    let from = open(&url_of(backup.path())?).await?;
    let restored = copy::restore(&from, &to, wanted.force).await;
    from.close().await;
    to.close().await;
    restored.context(if wanted.force {
        "not restored"
    } else {
        "not restored, and --force is not given"
    })?;
    Ok(())
}

/// Copies a backup and migrates the copy to this version.
async fn renewed(file: &Path, room: &TempDir) -> Result<NamedTempFile> {
    let named = || file.display().to_string();
    fs::metadata(file).with_context(named)?;
    let copy = NamedTempFile::new_in(room)?;
    backup::copy_file(file, copy.path()).await.with_context(named)?;
    backup::check_file(copy.path()).await.with_context(named)?;
    let db = open(&url_of(copy.path())?).await?;
    backend::migrate(&db).await.with_context(named)?;
    db.close().await;
    Ok(copy)
}

fn folder_of(file: &Path) -> &Path {
    file.parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."))
}

/// A temporary folder for unfinished files; it is deleted with its contents.
fn room_in(folder: &Path) -> std::io::Result<TempDir> {
    tempfile::Builder::new().prefix(".compagnon-").tempdir_in(folder)
}

fn url_of(file: &Path) -> Result<String> {
    let path = file
        .to_str()
        .with_context(|| format!("{}: the name is not UTF-8", file.display()))?;
    Ok(format!("sqlite:{}", path.replace('%', "%25").replace('?', "%3F")))
}

/// Moves a finished file to its name, after syncing its bytes to disk.
fn put_in_place(new: NamedTempFile, file: &Path, replace: bool) -> std::io::Result<()> {
    new.as_file().sync_all()?;
    if replace {
        new.persist(file)?;
    } else {
        new.persist_noclobber(file)?;
    }
    // Syncs the directory entry, too.
    #[cfg(unix)]
    File::open(folder_of(file))?.sync_all()?;
    Ok(())
}

/// Gives `file` the owner of `like`. Its permissions stay those of a new file: its owner's alone.
fn owned_like(file: &Path, like: &Path) -> std::io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::{MetadataExt, chown};
        let wanted = fs::metadata(like)?;
        let is = fs::metadata(file)?;
        if (is.uid(), is.gid()) != (wanted.uid(), wanted.gid()) {
            chown(file, Some(wanted.uid()), Some(wanted.gid()))?;
        }
    }
    Ok(())
}
