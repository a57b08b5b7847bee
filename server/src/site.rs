//! The files of the site folder: read once at start, hashed, and served at content-addressed URLs.
//!
//! # Bundles
//! A bundle is a client built for the browser. The member app is one, [`MEMBER`]; any other is a folder of the site
//! containing a script and a WebAssembly named like it, `admin/admin.js` and `admin/admin.wasm`. The id of a bundle is
//! a hash over its files, so `/v/<id>/…` never changes and may be cached for ever, and a member's phone neither
//! downloads nor lists files of another bundle.
//!
//! Files that depend on the brand (the shell, `/brand.css`, the manifest, the worker with its file list) are generated
//! by [`BrandedAssets`].

use app::public::Client;
use axum::body::Bytes;
use backend::programme;
use domain::{Lang, hex};
use serde::Serialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::Path;

/// A file to be served, with its compressed forms.
#[derive(Clone, Debug)]
pub struct File {
    pub bytes: Bytes,
    pub brotli: Option<Bytes>,
    pub gzip: Option<Bytes>,
    pub mime: &'static str,
    pub sha256: String,
}

/// The member app: the folder `pkg`, the icons, and the files at the top that it uses.
pub const MEMBER: &str = "pkg";

/// Files of the member app outside its folder. A file in no list and no folder belongs to no bundle.
const OF_MEMBER: [&str; 7] = [
    "boot.js",
    "favicon.svg",
    "manifest.webmanifest",
    "store.js",
    "sw.js",
    "warm.js",
    "watchdog.js",
];

/// The folder of the member app's icons.
const ICONS: &str = "icons";

const GLUE: &str = "pkg/compagnon.js";
const WASM: &str = "pkg/compagnon.wasm";

/// Files required for the member app.
const NEEDED: [&str; 6] = [GLUE, WASM, "boot.js", "store.js", "watchdog.js", "sw.js"];

/// Returns the bundle of a file.
fn bundle_of(path: &str) -> Option<&str> {
    match path.split_once('/') {
        Some((ICONS, _)) => Some(MEMBER),
        Some((folder, _)) => Some(folder),
        None => OF_MEMBER.contains(&path).then_some(MEMBER),
    }
}

/// All files of the site, by their path in the folder.
#[derive(Debug, Default)]
pub struct ClientAssets {
    files: BTreeMap<String, File>,
    /// The member app.
    pub client: Client,
    /// The other bundles by name.
    others: BTreeMap<String, Client>,
}

impl ClientAssets {
    /// Reads the site folder, or the files embedded in this binary if there are any.
    ///
    /// # Errors
    /// If a file cannot be read. A missing folder is an empty site.
    pub fn read(folder: &Path) -> std::io::Result<ClientAssets> {
        let mut raw = BTreeMap::new();
        #[cfg(feature = "embed")]
        embedded::collect(&embedded::SITE, &mut raw);
        if raw.is_empty() && folder.is_dir() {
            collect(folder, "", &mut raw)?;
        }
        Ok(ClientAssets::from_files(raw))
    }

    /// Builds a site from files by path.
    pub fn from_files(mut raw: BTreeMap<String, Vec<u8>>) -> ClientAssets {
        let names: Vec<String> = raw.keys().filter(|name| is_served(name)).cloned().collect();
        let mut files = BTreeMap::new();
        for name in names {
            let brotli = raw.remove(&format!("{name}.br")).map(Bytes::from);
            let gzip = raw.remove(&format!("{name}.gz")).map(Bytes::from);
            let Some(bytes) = raw.remove(&name) else { continue };
            let sha256 = hex(&Sha256::digest(&bytes));
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
        let mut others = BTreeMap::new();
        for name in files.keys().filter_map(|path| bundle_of(path)) {
            let needed = [format!("{name}/{name}.js"), format!("{name}/{name}.wasm")];
            if name != MEMBER
                && !others.contains_key(name)
                && needed.iter().all(|path| files.contains_key(path))
            {
                others.insert(name.to_owned(), client(&files, name, true));
            }
        }
        let whole = NEEDED.iter().all(|path| files.contains_key(*path));
        let client = client(&files, MEMBER, whole);
        ClientAssets {
            files,
            client,
            others,
        }
    }

    pub fn find(&self, path: &str) -> Option<&File> {
        self.files.get(path)
    }

    /// Returns the file at `/v/<build>/<path>`, if `build` is the build of its bundle.
    pub fn versioned(&self, build: &str, path: &str) -> Option<&File> {
        // The file of another build has other content, and would be cached for ever at the wrong address.
        let client = self.bundle(bundle_of(path)?)?;
        self.find(path).filter(|_| client.build.as_deref() == Some(build))
    }

    /// Finds a bundle by name.
    pub fn bundle(&self, name: &str) -> Option<&Client> {
        if name == MEMBER {
            Some(&self.client)
        } else {
            self.others.get(name)
        }
    }

    /// Returns the build of the member app.
    pub fn build(&self) -> Option<&str> {
        self.client.build.as_deref()
    }

    /// Lists missing files of the member app.
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

/// Describes a bundle for pages; `whole`: it is complete, and so gets a build.
fn client(files: &BTreeMap<String, File>, bundle: &str, whole: bool) -> Client {
    let own = || files.iter().filter(|(path, _)| bundle_of(path) == Some(bundle));
    let in_folder = |end: &str| {
        own()
            .map(|(path, _)| path)
            .filter(|path| path.starts_with(&format!("{bundle}/")) && path.ends_with(end))
            .cloned()
            .collect()
    };
    let mut hash = Sha256::new();
    for (path, file) in own() {
        hash.update(path.as_bytes());
        hash.update(b"\0");
        hash.update(file.sha256.as_bytes());
    }
    Client {
        build: whole.then(|| hex(&hash.finalize())[..16].to_owned()),
        styles: in_folder(".css"),
        modules: in_folder(".js"),
        warm: bundle == MEMBER && files.contains_key("warm.js"),
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

/// Files generated from the site and the brand.
#[derive(Debug)]
pub struct BrandedAssets {
    pub brand: String,
    pub language: Lang,
    pub languages: Vec<Lang>,
    pub shell: File,
    pub style: File,
    pub manifest: File,
    pub worker: Option<File>,
}

/// The worker's file list, as read by `public/sw.js`.
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
    /// Not needed for the first screen.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    later: bool,
}

/// True for a lazily loaded WebAssembly chunk.
fn is_chunk(path: &str) -> bool {
    path.starts_with("pkg/") && path.ends_with(".wasm") && path != WASM
}

const SHELL: &str = "/app";
const TOKEN: &str = "/*MANIFEST*/null";

impl BrandedAssets {
    pub fn new(site: &ClientAssets, brand: &programme::Brand) -> BrandedAssets {
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
        let mut face = BrandedAssets {
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

    fn core<'a>(&'a self, site: &'a ClientAssets, build: &'a str) -> Core<'a> {
        let entry = |url: String, file: &'a File| Entry {
            url,
            sha256: &file.sha256,
            mime: file.mime,
            size: file.bytes.len(),
            later: false,
        };
        let mut files = vec![
            entry(SHELL.to_owned(), &self.shell),
            entry("/brand.css".to_owned(), &self.style),
            entry("/manifest.webmanifest".to_owned(), &self.manifest),
        ];
        for (path, file) in &site.files {
            if bundle_of(path) != Some(MEMBER) {
                continue;
            }
            if path == "favicon.svg" || path.starts_with("icons/") {
                files.push(entry(format!("/{path}"), file));
            } else if !matches!(path.as_str(), "sw.js" | "warm.js" | "manifest.webmanifest") {
                files.push(Entry {
                    later: is_chunk(path),
                    ..entry(site.client.address(path), file)
                });
            }
        }
        Core {
            build,
            shell: SHELL,
            files,
        }
    }
}

/// Builds the site's manifest with the brand's name in it.
fn manifest(site: &ClientAssets, brand: &programme::Brand) -> String {
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

/// Builds the style with the brand's colour. Why white ink: settings require an accent with at least 4.5:1 contrast to
/// the app's paper, and white is lighter than that paper.
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

    fn brand() -> programme::Brand {
        programme::Brand {
            name: "Club \"Test\"".into(),
            accent: "#B45309".into(),
            languages: vec![Lang::En],
            time_zone: "Europe/Paris".into(),
            currency: "EUR".into(),
        }
    }

    #[test]
    fn the_build_changes_with_any_file_and_with_no_compressed_form() {
        let one = ClientAssets::from_files(files(&[("icons/a.png", "1")]));
        let two = ClientAssets::from_files(files(&[("icons/a.png", "2")]));
        let same = ClientAssets::from_files(files(&[("icons/a.png", "1"), ("icons/a.png.br", "x")]));
        assert_ne!(one.build(), two.build());
        assert_eq!(one.build(), same.build());
        assert!(same.find("icons/a.png.br").is_none());
        assert!(same.find("icons/a.png").unwrap().brotli.is_some());
    }

    #[test]
    fn a_member_hears_nothing_of_another_bundle() {
        let worker = |site: &ClientAssets| BrandedAssets::new(site, &brand()).worker.unwrap().bytes;
        let alone = ClientAssets::from_files(files(&[]));
        let admin = |script: &str| {
            ClientAssets::from_files(files(&[
                ("admin/admin.js", script),
                ("admin/admin.wasm", "\0asm"),
                ("admin/admin.css", "a {}"),
                ("admin/split_charts.wasm", "\0asm"),
                ("other.js", "in no bundle"),
            ]))
        };
        let (one, two) = (admin("1"), admin("2"));
        for site in [&one, &two] {
            assert_eq!(site.client, alone.client);
            assert_eq!(worker(site), worker(&alone));
            assert_eq!(
                BrandedAssets::new(site, &brand()).shell.bytes,
                BrandedAssets::new(&alone, &brand()).shell.bytes
            );
        }

        let build = |site: &ClientAssets| site.bundle("admin").unwrap().build.clone().unwrap();
        assert_ne!(build(&one), build(&two));
        assert_ne!(Some(build(&one).as_str()), one.build());
        assert_eq!(one.bundle("admin").unwrap().styles, ["admin/admin.css"]);
        assert_eq!(one.bundle("admin").unwrap().modules, ["admin/admin.js"]);
        let found = |build: &str, path| one.versioned(build, path).is_some();
        let (own, member) = (build(&one), one.build().unwrap());
        assert!(found(&own, "admin/split_charts.wasm") && found(member, WASM) && found(member, "boot.js"));
        assert!(!found(member, "admin/admin.js") && !found(&own, WASM) && !found(&own, "boot.js"));
        assert!(!found(&own, "other.js") && !found(member, "other.js"));
        // A folder that is not a bundle has no build, and so no address.
        assert!(one.bundle("icons").is_none() && one.bundle("media").is_none());
    }

    #[test]
    fn a_member_gets_the_first_screen_before_the_chunks() {
        let site = ClientAssets::from_files(files(&[
            ("pkg/split_learning.wasm", "\0asm"),
            ("pkg/__wasm_split.js", "loader"),
        ]));
        let face = BrandedAssets::new(&site, &brand());
        let core = face.core(&site, site.build().unwrap());
        let later = core.files.iter().filter(|file| file.later);
        let later: Vec<&str> = later.map(|file| file.url.as_str()).collect();
        assert_eq!(later, [site.client.address("pkg/split_learning.wasm")]);
        let shell = String::from_utf8_lossy(&face.shell.bytes).into_owned();
        for module in ["pkg/__wasm_split.js", GLUE] {
            let link = format!(
                "<link rel=\"modulepreload\" href=\"{}\"",
                site.client.address(module)
            );
            assert!(shell.contains(&link), "{shell}");
        }
    }

    #[test]
    fn half_a_client_is_none() {
        let mut half = files(&[]);
        half.remove(WASM);
        let site = ClientAssets::from_files(half);
        assert_eq!(site.build(), None);
        assert_eq!(site.missing(), [WASM]);
    }

    #[test]
    fn the_worker_gets_its_list_once() {
        let site = ClientAssets::from_files(files(&[("icons/a.png", "1")]));
        let face = BrandedAssets::new(&site, &brand());
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
