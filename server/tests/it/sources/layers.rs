//! The allowed dependencies between crates, and between modules of `backend`.
//!
//! Why a test: an upward dependency does no harm at first. Later it prevents splitting a module into its own crate, or
//! understanding it without the layers above.

use super::{rust_files, top};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The modules of `backend`, lowest layer first. A module uses modules of lower layers only.
///
/// A file in a different layer than its module is listed with its path.
const LAYERS: &[&[&str]] = &[
    &["error", "strict_toml"],
    &["caller", "clock", "markdown", "programme::settings", "stored"],
    &["db"],
    &["changes", "ledger", "notices", "orders", "programme"],
    &["members", "signing"],
    &["unit_of_work"],
    &[
        "backup",
        "copy",
        "events",
        "learning",
        "readiness",
        "rewards",
        "sessions",
        "status",
    ],
    &["membership", "passes"],
    &["import", "migrate", "programme::apply"],
    &["commands"],
    &["daily", "documents"],
    &["sync"],
    &["testing"],
];

/// The crates of the workspace, each with the workspace crates it uses.
const CRATES: &[(&str, &[&str])] = &[
    ("app/domain", &[]),
    ("server/backend", &["domain"]),
    ("app", &["backend", "domain"]),
    ("server", &["app", "backend", "domain"]),
    ("server/sim", &["app", "backend", "domain"]),
    ("frontend", &["app"]),
];

/// Returns the layer of a path like `programme::apply::apply`: that of its longest prefix in the list.
fn unit(path: &str) -> Option<(usize, &'static str)> {
    let within =
        |unit: &str| path == unit || path.strip_prefix(unit).is_some_and(|rest| rest.starts_with("::"));
    LAYERS
        .iter()
        .enumerate()
        .flat_map(|(layer, units)| units.iter().map(move |unit| (layer, *unit)))
        .filter(|(_, unit)| within(unit))
        .max_by_key(|(_, unit)| unit.len())
}

/// Returns the module of a file, e.g. `ledger::sql`.
fn module(file: &Path, src: &Path) -> String {
    let path = file.strip_prefix(src).unwrap().with_extension("");
    let parts: Vec<&str> = path.iter().map(|part| part.to_str().unwrap()).collect();
    parts.join("::").trim_end_matches("::mod").to_owned()
}

/// Returns the code without its tests.
fn without_tests(code: &str) -> &str {
    code.split("#[cfg(test)]\nmod tests {").next().unwrap_or(code)
}

/// Collects all paths of a tree like `a::{b, c::{d, e as f}}`.
fn paths(tree: &str, begin: &str, found: &mut Vec<String>) {
    let (mut depth, mut from) = (0, 0);
    let mut branches = Vec::new();
    for (at, letter) in tree.char_indices() {
        match letter {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                branches.push(&tree[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    branches.push(&tree[from..]);
    for branch in branches
        .into_iter()
        .map(str::trim)
        .filter(|branch| !branch.is_empty())
    {
        match branch.split_once("::{") {
            Some((path, inner)) => paths(inner.trim_end_matches('}'), &format!("{begin}{path}::"), found),
            None => found.push(format!(
                "{begin}{}",
                branch.split(" as ").next().unwrap_or(branch)
            )),
        }
    }
}

/// Returns the paths a module names, in its `use` lines and in its code.
fn named(code: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = code;
    while let Some(at) = rest.find("use ") {
        let begins_a_line = rest[..at].lines().last().is_none_or(|line| {
            let line = line.trim();
            line.is_empty() || line.starts_with("pub")
        });
        rest = &rest[at + 4..];
        if let (true, Some((tree, _))) = (begins_a_line, rest.split_once(';')) {
            let one_line: String = tree.split_whitespace().collect::<Vec<_>>().join(" ");
            paths(&one_line.replace("{ ", "{").replace(" }", "}"), "", &mut found);
        }
    }
    for begin in ["crate::", "super::"] {
        for (at, _) in code.match_indices(begin) {
            let path: String = code[at..]
                .chars()
                .take_while(|letter| letter.is_alphanumeric() || matches!(letter, '_' | ':'))
                .collect();
            if !path.ends_with("::") {
                found.push(path);
            }
        }
    }
    found
}

/// Resolves a path named in `module`, relative to the crate root; `None` for another crate.
fn resolved(path: &str, module: &str) -> Option<String> {
    if let Some(rest) = path.strip_prefix("crate::") {
        return Some(rest.to_owned());
    }
    if let Some(rest) = path.strip_prefix("self::") {
        return Some(format!("{module}::{rest}"));
    }
    let mut from = Some(module);
    let mut rest = path;
    while let Some(less) = rest.strip_prefix("super::") {
        from = from.map(|module| module.rsplit_once("::").map_or("", |(parent, _)| parent));
        rest = less;
    }
    (rest != path).then(|| {
        format!("{}::{rest}", from.unwrap_or_default())
            .trim_start_matches("::")
            .to_owned()
    })
}

/// Returns the other modules that each module of `backend` uses.
fn arrows() -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let src = top().join("server/backend/src");
    let mut arrows: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    let mut again: BTreeMap<String, String> = BTreeMap::new();
    let files = rust_files("server/backend/src");
    let root = files.iter().find(|(file, _)| file.ends_with("lib.rs")).unwrap();
    for path in named(&root.1) {
        // `pub use db::Tx`: `crate::Tx` is in `db`.
        if let Some((module, item)) = path.rsplit_once("::") {
            again.insert(item.to_owned(), format!("{module}::{item}"));
        }
    }
    for (file, code) in &files {
        let module = module(file, &src);
        if module == "lib" || module == "tests" || module.starts_with("tests::") {
            continue;
        }
        let (_, from) = unit(&module).unwrap_or_else(|| panic!("{module} is in no layer"));
        let code = without_tests(code);
        let used = arrows.entry(from).or_default();
        for path in named(code) {
            let Some(path) = resolved(&path, &module) else {
                continue;
            };
            let path = again.get(&path).unwrap_or(&path);
            if let Some((_, to)) = unit(path)
                && to != from
            {
                used.insert(to);
            }
        }
        // A call of an inherent method contains no path.
        if code.contains(".commit()") && from != "db" && from != "unit_of_work" {
            used.insert("unit_of_work");
        }
    }
    arrows
}

#[test]
fn backend_has_no_circle_and_no_arrow_that_points_up() {
    let arrows = arrows();
    let count: usize = arrows.values().map(BTreeSet::len).sum();
    assert!(count > 60, "only {count} arrows were read: {arrows:?}");
    let mut wrong = Vec::new();
    for (from, used) in &arrows {
        for to in used {
            if unit(to) >= unit(from) || unit(to).unwrap().0 == unit(from).unwrap().0 {
                wrong.push(format!("{from} -> {to}"));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that point up or sideways: {wrong:#?}");
    // The dependencies themselves must be acyclic, even if the list allowed a cycle.
    let mut left = arrows;
    while !left.is_empty() {
        let lowest: Vec<_> = left
            .iter()
            .filter(|(_, used)| used.iter().all(|to| !left.contains_key(to)))
            .map(|(from, _)| *from)
            .collect();
        assert!(!lowest.is_empty(), "there is a circle in {left:#?}");
        left.retain(|from, _| !lowest.contains(from));
    }
}

#[test]
fn crates_use_those_below_them() {
    let names: BTreeSet<&str> = ["app", "backend", "domain", "frontend", "server", "sync-sim"].into();
    for (folder, allowed) in CRATES {
        let text = std::fs::read_to_string(top().join(folder).join("Cargo.toml")).unwrap();
        let manifest: toml::Table = text.parse().unwrap();
        let used = manifest["dependencies"].as_table().unwrap().keys();
        let used: Vec<&str> = used
            .map(String::as_str)
            .filter(|name| names.contains(name))
            .collect();
        assert_eq!(used, *allowed, "{folder}");
    }
    let text = std::fs::read_to_string(top().join("app/Cargo.toml")).unwrap();
    let manifest: toml::Table = text.parse().unwrap();
    let csr = manifest["features"]["csr"].as_array().unwrap();
    assert!(
        !csr.iter()
            .any(|feature| feature.as_str().unwrap().contains("backend")),
        "the client never holds the server: {csr:?}"
    );
}

#[test]
fn paths_are_read() {
    let code = "pub use crate::a::{self, b::{c, d as e}};\nuse super::f;\nfn g() { crate::h::i(); }\n";
    let mut found = named(code);
    found.sort();
    found.dedup();
    let expected = [
        "crate::a::b::c",
        "crate::a::b::d",
        "crate::a::self",
        "crate::h::i",
        "super::f",
    ];
    assert_eq!(found, expected);
    assert_eq!(resolved("super::f", "a::sql").as_deref(), Some("a::f"));
    assert_eq!(resolved("super::super::f", "a::sql").as_deref(), Some("f"));
    assert_eq!(resolved("crate::db::on", "a").as_deref(), Some("db::on"));
    assert_eq!(resolved("domain::Day", "a"), None);
}
