//! Lists the migrations with one text for both engines: a new file in the folder is all that one takes.

use std::path::Path;
use std::{env, fs, io};

fn main() -> io::Result<()> {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed=migrations");
    let variable = |name: &str| env::var(name).map_err(io::Error::other);
    let folder = Path::new(&variable("CARGO_MANIFEST_DIR")?).join("migrations");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder)? {
        names.extend(
            entry?
                .file_name()
                .to_str()
                .filter(|name| name.ends_with(".sql"))
                .map(str::to_owned),
        );
    }
    names.sort_unstable();
    let mut list = String::from("&[\n");
    for name in &names {
        let wrong = || io::Error::other(format!("{name} is not named like 0004_name.sql"));
        let (number, title) = name.trim_end_matches(".sql").split_once('_').ok_or_else(wrong)?;
        let number: i64 = number.parse().map_err(|_| wrong())?;
        list += &format!(
            "    ({number}, {title:?}, include_str!({:?})),\n",
            folder.join(name)
        );
    }
    list += "]\n";
    fs::write(Path::new(&variable("OUT_DIR")?).join("one_text.rs"), list)
}
