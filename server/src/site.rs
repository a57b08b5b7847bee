//! The files of the client: read once at start, hashed, and served under an address that names their content.
//!
//! `<build>` is a hash over all of them, so `/v/<build>/…` never changes and may be kept for ever. What depends on
//! the brand (the shell, `/brand.css`, the manifest, the worker with its list of files) is made by [`Face`].

use app::public::Client;
use axum::body::Bytes;
use backend::programme;
use domain::Lang;
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// A file as it is sent.
#[derive(Clone, Debug)]
pub struct File {
    pub bytes: Bytes,
    pub brotli: Option<Bytes>,
    pub gzip: Option<Bytes>,
    pub mime: &'static str,
    pub sha256: String,
}

/// All files of the client, by their path in the site folder.
#[derive(Debug, Default)]
pub struct Site {
    files: BTreeMap<String, File>,
    pub client: Client,
}

const GLUE: &str = "pkg/compagnon.js";
const WASM: &str = "pkg/compagnon.wasm";

/// Without one of these there is no client.
const NEEDED: [&str; 6] = [GLUE, WASM, "boot.js", "store.js", "watchdog.js", "sw.js"];

impl Site {
    /// Reads the site folder, or the files in this binary where it was built with them.
    ///
    /// # Errors
    /// Where a file cannot be read. A folder that is not there is an empty site.
    pub fn read(folder: &Path) -> std::io::Result<Site> {
        let mut raw = BTreeMap::new();
        #[cfg(feature = "embed")]
        embedded::collect(&embedded::SITE, &mut raw);
        if raw.is_empty() && folder.is_dir() {
            collect(folder, "", &mut raw)?;
        }
        Ok(Site::from_files(raw))
    }

    /// A site of these files, by their path.
    pub fn from_files(mut raw: BTreeMap<String, Vec<u8>>) -> Site {
        let names: Vec<String> = raw.keys().filter(|name| is_served(name)).cloned().collect();
        let mut files = BTreeMap::new();
        let mut all = Sha256::new();
        for name in names {
            let brotli = raw.remove(&format!("{name}.br")).map(Bytes::from);
            let gzip = raw.remove(&format!("{name}.gz")).map(Bytes::from);
            let Some(bytes) = raw.remove(&name) else { continue };
            let sha256 = hex(&Sha256::digest(&bytes));
            all.update(name.as_bytes());
            all.update(b"\0");
            all.update(sha256.as_bytes());
            let mime = mime(&name);
            files.insert(
                name,
                File {
                    bytes: bytes.into(),
                    brotli,
                    gzip,
                    mime,
                    sha256,
                },
            );
        }
        let whole = NEEDED.iter().all(|name| files.contains_key(*name));
        let build = whole.then(|| hex(&all.finalize())[..16].to_owned());
        let styles = files
            .keys()
            .filter(|name| name.starts_with("pkg/") && name.ends_with(".css"))
            .cloned()
            .collect();
        let client = Client {
            build,
            styles,
            glue: files.contains_key(GLUE).then(|| GLUE.to_owned()),
            warm: files.contains_key("warm.js"),
        };
        Site { files, client }
    }

    pub fn find(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    pub fn build(&self) -> Option<&str> {
        self.client.build.as_deref()
    }

    /// What is missing for a client, by name.
    pub fn missing(&self) -> Vec<&'static str> {
        NEEDED
            .into_iter()
            .filter(|name| !self.files.contains_key(*name))
            .collect()
    }

    pub fn size(&self) -> usize {
        self.files.values().map(|file| file.bytes.len()).sum()
    }
}

fn is_served(name: &str) -> bool {
    let hidden = name.split('/').any(|part| part.starts_with('.'));
    !hidden
        && ![".br", ".gz", ".d.ts", ".map", ".txt"]
            .iter()
            .any(|end| name.ends_with(end))
}

fn collect(folder: &Path, prefix: &str, into: &mut BTreeMap<String, Vec<u8>>) -> std::io::Result<()> {
    for entry in std::fs::read_dir(folder)? {
        let entry = entry?;
        let Ok(name) = entry.file_name().into_string() else {
            continue;
        };
        let path = if prefix.is_empty() {
            name
        } else {
            format!("{prefix}/{name}")
        };
        if entry.path().is_dir() {
            collect(&entry.path(), &path, into)?;
        } else {
            into.insert(path, std::fs::read(entry.path())?);
        }
    }
    Ok(())
}

#[cfg(feature = "embed")]
mod embedded {
    use include_dir::{Dir, include_dir};
    use std::collections::BTreeMap;

    pub static SITE: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/../target/site");

    pub fn collect(folder: &Dir<'_>, into: &mut BTreeMap<String, Vec<u8>>) {
        for file in folder.files() {
            if let Some(path) = file.path().to_str() {
                into.insert(path.to_owned(), file.contents().to_vec());
            }
        }
        for inner in folder.dirs() {
            collect(inner, into);
        }
    }
}

fn mime(name: &str) -> &'static str {
    match name.rsplit('.').next().unwrap_or_default() {
        "css" => "text/css",
        "html" => "text/html",
        "ico" => "image/x-icon",
        "js" | "mjs" => "text/javascript",
        "json" => "application/json",
        "png" => "image/png",
        "svg" => "image/svg+xml",
        "wasm" => "application/wasm",
        "webmanifest" => "application/manifest+json",
        "webp" => "image/webp",
        _ => "application/octet-stream",
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What is made from the site and the brand together.
#[derive(Debug)]
pub struct Face {
    pub brand: String,
    pub language: Lang,
    pub languages: Vec<Lang>,
    pub shell: File,
    pub style: File,
    pub manifest: File,
    pub worker: Option<File>,
}

/// The worker's list of files, as `public/sw.js` reads it.
#[derive(Serialize)]
struct Core<'a> {
    build: &'a str,
    shell: &'a str,
    files: Vec<Entry<'a>>,
}

#[derive(Serialize)]
struct Entry<'a> {
    url: String,
    sha256: &'a str,
    #[serde(rename = "type")]
    mime: &'a str,
    size: usize,
}

const SHELL: &str = "/app";
const TOKEN: &str = "/*MANIFEST*/null";

impl Face {
    pub fn new(site: &Site, brand: &programme::Brand) -> Face {
        let language = brand.languages.first().copied().unwrap_or_default();
        let made = |text: String, mime| {
            let bytes = Bytes::from(text);
            File {
                sha256: hex(&Sha256::digest(&bytes)),
                bytes,
                brotli: None,
                gzip: None,
                mime,
            }
        };
        let shell = made(
            app::public::shell(language, &brand.name, &site.client),
            "text/html",
        );
        let style = made(brand_css(&brand.accent), "text/css");
        let manifest = made(manifest(site, brand), "application/manifest+json");
        let mut face = Face {
            brand: brand.name.clone(),
            language,
            languages: brand.languages.clone(),
            shell,
            style,
            manifest,
            worker: None,
        };
        face.worker = site
            .build()
            .zip(site.find("sw.js"))
            .map(|(build, worker)| {
                let list = serde_json::to_string(&face.core(site, build)).unwrap_or_default();
                String::from_utf8_lossy(&worker.bytes).replacen(TOKEN, &list, 1)
            })
            .map(|text| made(text, "text/javascript"));
        face
    }

    fn core<'a>(&'a self, site: &'a Site, build: &'a str) -> Core<'a> {
        let entry = |url: String, file: &'a File| Entry {
            url,
            sha256: &file.sha256,
            mime: file.mime,
            size: file.bytes.len(),
        };
        let mut files = vec![
            entry(SHELL.to_owned(), &self.shell),
            entry("/brand.css".to_owned(), &self.style),
            entry("/manifest.webmanifest".to_owned(), &self.manifest),
        ];
        for (name, file) in &site.files {
            if name.starts_with("pkg/") || matches!(name.as_str(), "boot.js" | "store.js" | "watchdog.js") {
                files.push(entry(site.client.address(name), file));
            } else if name == "favicon.svg" || name.starts_with("icons/") {
                files.push(entry(format!("/{name}"), file));
            }
        }
        Core {
            build,
            shell: SHELL,
            files,
        }
    }
}

/// The manifest of the site with the brand's name in it.
fn manifest(site: &Site, brand: &programme::Brand) -> String {
    let mut manifest: serde_json::Value = site
        .find("manifest.webmanifest")
        .and_then(|file| serde_json::from_slice(&file.bytes).ok())
        .unwrap_or_else(|| serde_json::json!({ "id": "/app", "start_url": "/app", "display": "standalone" }));
    if let Some(manifest) = manifest.as_object_mut() {
        manifest.insert("name".into(), brand.name.clone().into());
        manifest.insert("short_name".into(), brand.name.clone().into());
    }
    manifest.to_string()
}

/// The brand's colour. Why white on it: settings are refused whose accent has less than 4.5:1 on the app's paper, and
/// white is lighter than that paper.
fn brand_css(accent: &str) -> String {
    format!(":root {{ --accent: {accent}; --accent-ink: #ffffff; }}\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(extra: &[(&str, &str)]) -> BTreeMap<String, Vec<u8>> {
        let needed = NEEDED
            .iter()
            .map(|name| ((*name).to_owned(), format!("{name} {TOKEN}").into_bytes()));
        needed
            .chain(
                extra
                    .iter()
                    .map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec())),
            )
            .collect()
    }

    #[test]
    fn the_build_changes_with_any_file_and_with_no_compressed_form() {
        let one = Site::from_files(files(&[("icons/a.png", "1")]));
        let two = Site::from_files(files(&[("icons/a.png", "2")]));
        let same = Site::from_files(files(&[("icons/a.png", "1"), ("icons/a.png.br", "x")]));
        assert_ne!(one.build(), two.build());
        assert_eq!(one.build(), same.build());
        assert!(same.find("icons/a.png.br").is_none());
        assert!(same.find("icons/a.png").unwrap().brotli.is_some());
    }

    #[test]
    fn half_a_client_is_none() {
        let mut half = files(&[]);
        half.remove(WASM);
        let site = Site::from_files(half);
        assert_eq!(site.build(), None);
        assert_eq!(site.missing(), [WASM]);
    }

    #[test]
    fn the_worker_gets_its_list_once() {
        let site = Site::from_files(files(&[("icons/a.png", "1")]));
        let brand = programme::Brand {
            name: "Club \"Test\"".into(),
            accent: "#B45309".into(),
            languages: vec![Lang::En],
            time_zone: "Europe/Paris".into(),
            currency: "EUR".into(),
        };
        let face = Face::new(&site, &brand);
        let worker = face.worker.unwrap();
        let text = std::str::from_utf8(&worker.bytes).unwrap();
        assert!(!text.contains(TOKEN));
        let list: serde_json::Value = serde_json::from_str(text.strip_prefix("sw.js ").unwrap()).unwrap();
        assert_eq!(list["shell"], "/app");
        let urls: Vec<&str> = list["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|f| f["url"].as_str().unwrap())
            .collect();
        assert!(urls.contains(&"/app") && urls.contains(&"/icons/a.png") && urls.contains(&"/brand.css"));
        assert!(urls.contains(&format!("/v/{}/pkg/compagnon.wasm", site.build().unwrap()).as_str()));
        let shell = std::str::from_utf8(&face.shell.bytes).unwrap();
        assert!(shell.starts_with("<!DOCTYPE html>"), "{shell}");
        assert!(!shell.contains("style=") && !shell.contains("<style"), "{shell}");
        assert!(String::from_utf8_lossy(&face.manifest.bytes).contains("Club \\\"Test\\\""));
    }
}
