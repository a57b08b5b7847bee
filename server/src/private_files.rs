//! Files that only the user who runs Compagnon may read. Databases, backups, cards and lists of rows hold members, codes
//! and the key that signs tickets.

use std::fs::{File, Metadata, OpenOptions};
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

/// Takes group and others out of every file and folder that this process makes from now on.
///
/// Why the mask of the process: SQLite and others make files of ours too, and a file made later is private by default.
pub fn keep_private() {
    #[cfg(unix)]
    rustix::process::umask(rustix::fs::Mode::from_raw_mode(0o077));
}

/// Writes a private file. One of this name that others could read is private before anything is written into it.
///
/// # Errors
/// If the file cannot be opened or written.
pub fn write(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    close_to_others(&file)?;
    file.write_all(bytes.as_ref())
}

/// Takes group and others out of the permissions of a file that is there.
///
/// # Errors
/// If it cannot be opened, or belongs to somebody else.
pub fn close(path: &Path) -> io::Result<()> {
    close_to_others(&File::open(path)?)
}

/// Takes group and others out of the permissions of a file; devices and pipes keep theirs.
fn close_to_others(file: &File) -> io::Result<()> {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let metadata = file.metadata()?;
        if metadata.is_file() && is_wide(&metadata) {
            let mode = metadata.permissions().mode();
            file.set_permissions(std::fs::Permissions::from_mode(mode & 0o700))?;
        }
    }
    Ok(())
}

/// True if others than the owner may read or write the file.
fn is_wide(metadata: &Metadata) -> bool {
    #[cfg(unix)]
    return std::os::unix::fs::MetadataExt::mode(metadata) & 0o077 != 0;
    #[cfg(not(unix))]
    return false;
}

/// Lists the files of a programme in `folders` that others can read, by name.
pub fn wide_files(folders: &[&Path]) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = folders
        .iter()
        .filter_map(|folder| std::fs::read_dir(folder).ok())
        .flatten()
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| {
            let metadata = path.metadata().ok();
            metadata.is_some_and(|metadata| metadata.is_file() && is_wide(&metadata)) && is_ours(path)
        })
        .collect();
    found.sort();
    found.dedup();
    found
}

/// True for the kinds of files that Compagnon makes, and for its settings: they hold passwords.
fn is_ours(path: &Path) -> bool {
    let name = path
        .file_name()
        .and_then(|name| name.to_str())
        .unwrap_or_default();
    let endings = [".db", ".db-wal", ".db-shm", ".db.replaced", ".errors.csv"];
    name == ".env"
        || endings.iter().any(|ending| name.ends_with(ending))
        || (name.ends_with(".html") && begins_like_a_card(path))
        || begins_with(path, b"SQLite format 3\0")
}

fn begins_like_a_card(path: &Path) -> bool {
    const FIRST: u64 = 64 * 1024;
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(FIRST).read_to_end(&mut bytes));
    read.is_ok() && String::from_utf8_lossy(&bytes).contains("/invitation")
}

fn begins_with(path: &Path, sign: &[u8]) -> bool {
    let mut bytes = Vec::new();
    let read = File::open(path).and_then(|file| file.take(sign.len() as u64).read_to_end(&mut bytes));
    read.is_ok() && bytes == sign
}
