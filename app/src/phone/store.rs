//! The phone's store: in the browser IndexedDB behind `public/store.js`, in tests memory.

use super::json::{self, Raw};
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use std::collections::BTreeMap;
use std::future::Future;

/// All rows of one member. They stay raw, so that an unreadable row affects no other.
#[derive(Debug, Default, Deserialize)]
pub struct Loaded {
    #[serde(default)]
    pub meta: Meta,
    #[serde(default)]
    pub docs: Vec<DocRow>,
    #[serde(default)]
    pub outbox: Vec<Raw>,
    #[serde(default)]
    pub drafts: Vec<DraftRow>,
}

/// Values by name.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub struct Meta(BTreeMap<String, Raw>);

impl Meta {
    /// The value, or `None` if there is none or it is unreadable.
    pub fn read<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        json::read(self.0.get(name)?.as_str())
    }
}

#[derive(Clone, Debug, Deserialize)]
pub struct DocRow {
    pub collection: String,
    pub id: String,
    pub body: Raw,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct DraftRow {
    pub key: String,
    pub text: String,
}

/// One change of the store, in the JSON form that `commit` takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Op(String);

impl Op {
    pub fn put_doc(row: &DocRow) -> Op {
        let (collection, id) = (to_json(&row.collection), to_json(&row.id));
        let body = row.body.as_str();
        Op(format!(
            r#"["put","docs",{{"collection":{collection},"id":{id},"body":{body}}}]"#
        ))
    }

    pub fn delete_doc(collection: &str, id: &str) -> Op {
        Op(to_json(&("delete", "docs", (collection, id))))
    }

    pub fn clear_docs(collections: &[&str]) -> Op {
        Op(to_json(&("clear_docs", collections)))
    }

    pub fn put_item(item: &super::outbox::Item) -> Op {
        Op(format!(r#"["put","outbox",{}]"#, item.row()))
    }

    pub fn delete_item(id: domain::id::CommandId) -> Op {
        Op(to_json(&("delete", "outbox", id)))
    }

    pub fn put_draft(key: &str, text: &str) -> Op {
        Op(to_json(&(
            "put",
            "drafts",
            BTreeMap::from([("key", key), ("text", text)]),
        )))
    }

    pub fn delete_draft(key: &str) -> Op {
        Op(to_json(&("delete", "drafts", key)))
    }

    pub fn put_meta<T: Serialize>(name: &str, value: &T) -> Op {
        Op(to_json(&("put", "meta", value, name)))
    }

    pub fn delete_meta(name: &str) -> Op {
        Op(to_json(&("delete", "meta", name)))
    }

    pub fn clear(store: &str) -> Op {
        Op(to_json(&("clear", store)))
    }

    /// Serializes `ops` as one JSON array.
    pub fn list(ops: &[Op]) -> String {
        let inner: Vec<&str> = ops.iter().map(|op| op.0.as_str()).collect();
        format!("[{}]", inner.join(","))
    }
}

fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Durability of a commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Flushed to disk: for the member's own acts.
    Strict,
    /// Handed to the browser: for what the server would send again.
    Relaxed,
}

/// A failure of the store. The text is the browser's, for a log only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure(pub String);

/// A store of one member.
pub trait Store {
    fn load(&self) -> impl Future<Output = Result<Loaded, Failure>>;
    /// Commits `ops` atomically.
    fn commit(&self, ops: Vec<Op>, durability: Durability) -> impl Future<Output = Result<(), Failure>>;
}

#[cfg(any(test, feature = "testing"))]
pub mod memory {
    //! The in-memory store.
    use super::*;
    use serde_json::Value;
    use serde_json::value::RawValue;
    use std::cell::RefCell;

    /// Stores rows as the text the phone wrote.
    #[derive(Default)]
    pub struct Memory {
        rows: RefCell<BTreeMap<(String, String), String>>,
        pub broken: std::cell::Cell<bool>,
        pub strict: std::cell::Cell<usize>,
    }

    impl Memory {
        fn key(store: &str, row: &Value) -> String {
            let text = |name: &str| row[name].as_str().unwrap().to_owned();
            match store {
                "docs" => format!("{}|{}", text("collection"), text("id")),
                "drafts" => text("key"),
                _ => text("id"),
            }
        }

        /// The rows of a store as a JSON array.
        fn list(&self, store: &str) -> String {
            let rows = self.rows.borrow();
            let of = rows.iter().filter(|((name, _), _)| name == store);
            let mut of: Vec<&str> = of.map(|(_, row)| row.as_str()).collect();
            if store == "outbox" {
                of.sort_by_key(|row| serde_json::from_str::<Value>(row).unwrap()["seq"].as_i64());
            }
            format!("[{}]", of.join(","))
        }

        fn meta(&self) -> String {
            let rows = self.rows.borrow();
            let of = rows.iter().filter(|((name, _), _)| name == "meta");
            let of: Vec<String> = of.map(|((_, key), value)| format!("{key:?}:{value}")).collect();
            format!("{{{}}}", of.join(","))
        }
    }

    impl Store for Memory {
        async fn load(&self) -> Result<Loaded, Failure> {
            let all = format!(
                r#"{{"meta":{},"docs":{},"outbox":{},"drafts":{}}}"#,
                self.meta(),
                self.list("docs"),
                self.list("outbox"),
                self.list("drafts"),
            );
            Ok(json::read(&all).unwrap())
        }

        async fn commit(&self, ops: Vec<Op>, durability: Durability) -> Result<(), Failure> {
            if self.broken.get() {
                return Err(Failure("QuotaExceededError".into()));
            }
            let mut rows = self.rows.borrow_mut();
            for op in serde_json::from_str::<Vec<Vec<Box<RawValue>>>>(&Op::list(&ops)).unwrap() {
                let part = |at: usize| serde_json::from_str::<Value>(op[at].get()).unwrap();
                let store = part(1).as_str().unwrap_or_default().to_owned();
                match part(0).as_str().unwrap() {
                    "put" if store == "meta" => {
                        rows.insert((store, part(3).as_str().unwrap().into()), op[2].get().to_owned());
                    }
                    "put" => {
                        let key = Self::key(&store, &part(2));
                        rows.insert((store, key), op[2].get().to_owned());
                    }
                    "delete" => {
                        let key = match part(2) {
                            Value::Array(parts) => {
                                format!("{}|{}", parts[0].as_str().unwrap(), parts[1].as_str().unwrap())
                            }
                            key => key.as_str().unwrap().to_owned(),
                        };
                        rows.remove(&(store, key));
                    }
                    "clear" => rows.retain(|(name, _), _| *name != store),
                    "clear_docs" => {
                        let gone: Vec<String> = serde_json::from_str(op[1].get()).unwrap();
                        rows.retain(|(name, key), _| {
                            let collection = key.split('|').next().unwrap();
                            name != "docs" || !gone.iter().any(|gone| gone == collection)
                        });
                    }
                    other => panic!("unknown operation {other}"),
                }
            }
            if durability == Durability::Strict {
                self.strict.set(self.strict.get() + 1);
            }
            Ok(())
        }
    }
}
