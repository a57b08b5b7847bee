//! The HTML document around every page, and the app shell.

use super::text;
use domain::Lang;
use leptos::prelude::*;

/// The files of a client build, as found by the server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Client {
    /// `None` if files are missing.
    pub build: Option<String>,
    /// Paths in the site folder.
    pub styles: Vec<String>,
    /// The scripts that start the WebAssembly and load its chunks.
    pub modules: Vec<String>,
    /// True if it has the script that installs the app from a public page.
    pub warm: bool,
}

impl Client {
    /// The versioned URL of a file, whose contents never change.
    pub fn address(&self, path: &str) -> String {
        format!("/v/{}/{path}", self.build.as_deref().unwrap_or("none"))
    }
}

/// The data that all pages share.
#[derive(Clone, Debug)]
pub struct Frame<'a> {
    pub lang: Lang,
    /// The programme's name.
    pub brand: &'a str,
    pub client: &'a Client,
    /// The path of this page, for the link to the other language.
    pub path: &'a str,
    /// True if the page may prefetch the app in the background.
    pub warm: bool,
}

/// The colour of the browser's bar: the paper of `style/tokens.css`.
const PAPER_LIGHT: &str = "#FBF7F0";
const PAPER_DARK: &str = "#16140F";

fn bar_colour(scheme: &str, colour: &'static str) -> impl IntoView + use<> {
    let media = format!("(prefers-color-scheme: {scheme})");
    leptos::html::meta()
        .attr("name", "theme-color")
        .attr("media", media)
        .attr("content", colour)
}

fn head(lang: Lang, brand: &str, client: &Client, title: String) -> impl IntoView + use<> {
    let styles: Vec<String> = client.styles.iter().map(|path| client.address(path)).collect();
    view! {
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover" />
        <title>{title}</title>
        <meta name="description" content=text::description(lang, brand) />
        {bar_colour("light", PAPER_LIGHT)}
        {bar_colour("dark", PAPER_DARK)}
        <meta name="color-scheme" content="light dark" />
        <meta name="format-detection" content="telephone=no" />
        <link rel="manifest" href="/manifest.webmanifest" />
        <link rel="icon" href="/favicon.svg" type="image/svg+xml" />
        <link rel="apple-touch-icon" href="/icons/apple-touch-icon.png" />
        {styles.into_iter().map(|href| view! { <link rel="stylesheet" href=href /> }).collect_view()}
        <link rel="stylesheet" href="/brand.css" />
    }
}

/// Renders a page for visitors who are not signed in.
pub(super) fn page(frame: &Frame<'_>, title: &str, main: impl IntoView) -> String {
    let Frame {
        lang,
        brand,
        client,
        path,
        warm,
    } = frame.clone();
    let other = match lang {
        Lang::Fr => Lang::En,
        Lang::En => Lang::Fr,
    };
    let title = if title.contains(brand) {
        title.to_owned()
    } else {
        format!("{title} · {brand}")
    };
    let warm = (warm && client.warm).then(|| {
        view! { <script type="module" src=client.address("warm.js")></script> }
    });
    view! {
        <!DOCTYPE html>
        <html lang=lang.tag()>
            <head>
                {head(lang, brand, client, title)}
                {warm}
            </head>
            <body class="public">
                <a class="skip" href="#main">{text::skip(lang)}</a>
                <header>
                    <a class="brand" href="/">{brand.to_owned()}</a>
                </header>
                <main id="main">{main.into_view()}</main>
                <footer>
                    <a href=format!("{path}?lang={}", other.tag()) hreflang=other.tag() lang=other.tag()>
                        {text::language_name(other)}
                    </a>
                    " · " <a href="/legal">{text::legal(lang)}</a>
                </footer>
            </body>
        </html>
    }
    .to_html()
}

/// Renders the app shell: the same bytes for every member, cached on every phone.
pub fn shell(lang: Lang, brand: &str, client: &Client) -> String {
    let build = client.build.clone().unwrap_or_default();
    let title = brand.to_owned();
    let scripts = client.build.is_some().then(|| {
        view! {
            {client
                .modules
                .iter()
                .map(|module| view! { <link rel="modulepreload" href=client.address(module) /> })
                .collect_view()}
            <script src=client.address("watchdog.js")></script>
            <script src=client.address("store.js")></script>
            <script type="module" src=client.address("boot.js")></script>
        }
    });
    let missing = client.build.is_none().then(|| {
        view! {
            <main class="public">
                <h1>{text::broken_title(lang)}</h1>
                <p>{text::missing_client(lang)}</p>
            </main>
        }
    });
    view! {
        <!DOCTYPE html>
        <html lang=lang.tag() data-build=build>
            <head>{head(lang, brand, client, title)} {scripts}</head>
            <body>
                {missing} <noscript>
                    <p lang="fr">{text::no_script(Lang::Fr)}</p>
                    <p lang="en">{text::no_script(Lang::En)}</p>
                </noscript>
            </body>
        </html>
    }
    .to_html()
}
