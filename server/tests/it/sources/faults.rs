//! Each `fault!` of the code has a line in the list used by `make mutations`, and vice versa.

use super::{rust_files, top};
use std::collections::BTreeSet;

/// Returns the lines of the list: name, what it breaks, check.
fn list() -> Vec<[String; 3]> {
    let text = std::fs::read_to_string(top().join("server/tests/mutations/faults.txt")).unwrap();
    text.lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
        .map(|line| {
            let fields: Vec<String> = line.split('|').map(|field| field.trim().to_owned()).collect();
            fields
                .try_into()
                .unwrap_or_else(|_| panic!("not three fields: {line}"))
        })
        .collect()
}

fn in_the_code() -> BTreeSet<String> {
    const BEGIN: &str = concat!("fault", "!(");
    let mut names = BTreeSet::new();
    for folder in ["app", "frontend", "server"] {
        for (file, code) in rust_files(folder) {
            for (at, _) in code.match_indices(BEGIN) {
                let name = code[at + BEGIN.len()..]
                    .trim_start()
                    .strip_prefix('"')
                    .and_then(|rest| rest.split_once('"'))
                    .unwrap_or_else(|| panic!("{}: a fault without a name", file.display()));
                names.insert(name.0.to_owned());
            }
        }
    }
    names
}

#[test]
fn every_fault_is_in_the_list() {
    let listed: BTreeSet<String> = list().into_iter().map(|[name, ..]| name).collect();
    let code = in_the_code();
    assert!(code.len() > 60, "{code:?}");
    let unlisted: Vec<_> = code.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&code).collect();
    assert!(
        unlisted.is_empty() && gone.is_empty(),
        "in the code only: {unlisted:?}, in the list only: {gone:?}"
    );
}

#[test]
fn every_fault_has_words_and_a_check() {
    for [name, breaks, check] in list() {
        assert!(
            name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'-'),
            "{name}: not in kebab-case"
        );
        assert!(!breaks.is_empty(), "{name}: it does not say what it breaks");
        let (target, filter) = check.split_once(' ').unwrap_or((&check, ""));
        let known = match target {
            "sync-sim" => true,
            "backend" | "it" | "faults" => !filter.is_empty(),
            _ => false,
        };
        assert!(known, "{name}: there is no check {check:?}");
    }
}
