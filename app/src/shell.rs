//! The frame of every screen: back link, sync status line, tabs, toasts.

use crate::address;
use crate::browser::app_state::{AppState, BootState, ConnectionState, Counts, is_hidden};
use crate::browser::js;
use crate::feature::FEATURES;
use crate::format;
use crate::icon::{Icon, icon};
use crate::routes::{Route, Tab};
use crate::text;
use crate::ui::{app, button, button_link, heading, line, nothing};
use domain::Lang;
use leptos::prelude::*;
use wasm_bindgen::JsCast;

/// The content of `main`: a screen, or a notice that its code is missing.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Shown {
    Screen(Route),
    Missing(Route),
}

impl Shown {
    fn route(&self) -> &Route {
        match self {
            Shown::Screen(route) | Shown::Missing(route) => route,
        }
    }
}

/// `None` until the code of the first screen is loaded.
type OnDisplay = RwSignal<Option<Shown>>;

/// The whole member app.
pub fn member_app(app: AppState) -> AnyView {
    provide_context(app);
    let wanted = address::listen();
    let shown = follow(wanted);
    fetch_early(app);
    try_again_online(app, wanted, shown);
    update_document(app, shown);
    let route = Memo::new(move |_| {
        shown.with(|shown| {
            let shown = shown.as_ref().map(|shown| shown.route().clone());
            shown.unwrap_or_else(|| wanted.get())
        })
    });
    view! {
        <a class="skip" href="#main">
            {move || text::skip(app.lang.get())}
        </a>
        <header class="top">
            {move || back_link(app, &route.get())}
            {move || sync_status_line(app)}
        </header>
        {move || banners(app, &route.get())}
        <main id="main" class:bare=move || matches!(route.get(), Route::Ticket(_))>
            {move || match app.boot.get() {
                BootState::Open => match shown.get() {
                    Some(Shown::Screen(route)) => route.screen().unwrap_or_else(|_| skeleton()),
                    Some(Shown::Missing(_)) => missing(app, wanted, shown),
                    None => skeleton(),
                },
                BootState::Start => skeleton(),
                BootState::First => first(app),
                BootState::SignedOut => signed_out(app),
                BootState::NoStore => no_store(app),
            }}
        </main>
        {move || if app.boot.get() == BootState::Open { tabs(app, wanted) } else { nothing() }}
        <div class="said" role="status" aria-live="polite">
            {move || toast(app)}
        </div>
    }
    .into_any()
}

/// What is on display follows what is asked for. While the code of a screen is on its way, the one before it stays.
fn follow(wanted: RwSignal<Route>) -> OnDisplay {
    let shown = RwSignal::new(None);
    bring(wanted, shown);
    Effect::new(move |_| {
        wanted.track();
        bring(wanted, shown);
    });
    shown
}

/// Shows the requested screen once its code is loaded, or that it is missing.
fn bring(wanted: RwSignal<Route>, shown: OnDisplay) {
    let route = wanted.get_untracked();
    let show = move |here: bool| {
        // Another screen may have been requested meanwhile.
        if wanted.with_untracked(|now| *now != route) {
            return;
        }
        address::arrive();
        let next = Some(if here {
            Shown::Screen(route)
        } else {
            Shown::Missing(route)
        });
        if shown.with_untracked(|now| *now != next) {
            shown.set(next);
        }
    };
    match wanted.with_untracked(Route::chunk) {
        Some(chunk) => chunk.load(show),
        None => show(true),
    }
}

/// Prefetches the code of the other screens once the first is usable, so that they open at once.
fn fetch_early(app: AppState) {
    Effect::new(move |_| {
        let usable = app.below_fold_ready.get() && app.boot.get() == BootState::Open;
        if usable && app.connection.get() != ConnectionState::Offline {
            for chunk in FEATURES.iter().filter_map(|feature| feature.chunk) {
                chunk.load(|_| {});
            }
        }
    });
}

/// Retries a screen whose code was missing once there is a network.
fn try_again_online(app: AppState, wanted: RwSignal<Route>, shown: OnDisplay) {
    Effect::new(move |_| {
        let missing = shown.with_untracked(|shown| matches!(shown, Some(Shown::Missing(_))));
        if app.connection.get() == ConnectionState::Online && missing {
            bring(wanted, shown);
        }
    });
}

fn missing(app: AppState, wanted: RwSignal<Route>, shown: OnDisplay) -> AnyView {
    (move || {
        let lang = app.lang.get();
        view! {
            {heading(text::screen_missing_title(lang))}
            {line("hint", text::screen_missing(lang))}
            {button("primary", text::try_again(lang), move |_| bring(wanted, shown))}
        }
        .into_any()
    })
    .into_any()
}

/// Keeps the document's language and title up to date, and focuses the title of a screen that opens.
fn update_document(app: AppState, shown: OnDisplay) {
    let document = document();
    Effect::new(move |_| {
        if let Some(root) = document.document_element() {
            let _ = root.set_attribute("lang", app.lang.get().tag());
        }
    });
    Effect::new(move |before: Option<Option<Shown>>| {
        let here = shown.get();
        app.lang.track();
        let opened = before
            .flatten()
            .is_some_and(|before| Some(&before) != here.as_ref());
        let brand = brand(app);
        // Runs after the screen is drawn.
        js::set_timeout(0, move || {
            let document = leptos::prelude::document();
            let Ok(Some(title)) = document.query_selector("main h1") else {
                return;
            };
            let name = title.text_content().unwrap_or_default();
            document.set_title(&match brand {
                Some(brand) => format!("{name} – {brand}"),
                None => name,
            });
            if opened && let Some(title) = title.dyn_ref::<web_sys::HtmlElement>() {
                let _ = title.focus();
            }
        });
        here
    });
}

/// The name of the programme.
fn brand(app: AppState) -> Option<String> {
    let member = app.member.get();
    member.programme.as_ref().map(|programme| programme.name.clone())
}

fn back_link(app: AppState, route: &Route) -> AnyView {
    let lang = app.lang.get();
    match route.parent().filter(|_| app.boot.get() == BootState::Open) {
        Some(parent) => view! {
            <a class="way-back" href=parent.path()>
                {icon(Icon::Back)}
                <span>{tab_name(lang, parent.tab().unwrap_or(Tab::Home))}</span>
            </a>
        }
        .into_any(),
        None => match brand(app) {
            Some(brand) => view! { <span class="brand">{brand}</span> }.into_any(),
            // Nothing of the programme is on the phone.
            None => nothing(),
        },
    }
}

/// "Offline – as of 10:42", "3 to send": one line; nothing if all is well.
fn sync_status_line(app: AppState) -> AnyView {
    let lang = app.lang.get();
    let waiting = app.counts.get().waiting;
    let mut words = Vec::new();
    if app.connection.get() == ConnectionState::Offline {
        words.push(match app.synced_at.get() {
            Some(at) => text::offline_as_of(lang, &format::as_of(app, at)),
            None => text::offline(lang).to_owned(),
        });
    }
    if waiting > 0 {
        words.push(text::to_send(lang, waiting as i64));
    }
    if words.is_empty() {
        return nothing();
    }
    let offline = app.connection.get() == ConnectionState::Offline;
    view! {
        <a class="quiet-line" href=Route::Activity.path()>
            {icon(if offline { Icon::Offline } else { Icon::Sent })}
            <span>{words.join(" · ")}</span>
        </a>
    }
    .into_any()
}

fn banners(app: AppState, route: &Route) -> AnyView {
    let lang = app.lang.get();
    let mut banners: Vec<AnyView> = Vec::new();
    if app.boot.get() == BootState::Open {
        let Counts {
            waiting,
            parked,
            refused,
        } = *app.counts.get();
        match app.connection.get() {
            ConnectionState::SignIn => banners.push(banner(
                "warn",
                if waiting > 0 {
                    text::sign_in_to_send(lang, waiting as i64)
                } else {
                    text::session_over(lang).into()
                },
                view! { <a class="button" href="/sign-in" rel="external">{text::sign_in(lang)}</a> }
                    .into_any(),
            )),
            ConnectionState::Update if !app.update.get() => banners.push(banner(
                "warn",
                text::too_old(lang).into(),
                view! {
                    <button type="button" class="button" on:click=|_| js::apply_update()>
                        {text::reload(lang)}
                    </button>
                }
                .into_any(),
            )),
            _ => {}
        }
        if parked + refused > 0 && *route != Route::Activity {
            let words = if parked > 0 {
                text::some_stuck(lang, parked as i64)
            } else {
                text::some_refused(lang, refused as i64)
            };
            banners.push(banner(
                "warn",
                words,
                button_link("", &Route::Activity, text::look(lang)),
            ));
        }
    }
    if app.evicted.get() {
        let understood = button("", text::understood(lang), move |_| app.evicted.set(false));
        banners.push(banner("warn", text::evicted(lang).into(), understood));
    }
    if app.update.get() {
        banners.push(banner(
            "news",
            text::newer_app(lang).into(),
            view! {
                <button type="button" class="button" on:click=|_| js::apply_update()>
                    {text::change_over(lang)}
                </button>
            }
            .into_any(),
        ));
    }
    if banners.is_empty() {
        nothing()
    } else {
        view! { <div class="banners">{banners}</div> }.into_any()
    }
}

fn banner(class: &'static str, words: String, action: AnyView) -> AnyView {
    view! {
        <div class=format!("banner {class}") role="status">
            <p>{words}</p>
            {action}
        </div>
    }
    .into_any()
}

fn tab_name(lang: Lang, tab: Tab) -> &'static str {
    match tab {
        Tab::Home => text::tab_home(lang),
        Tab::Learn => text::tab_learn(lang),
        Tab::Events => text::tab_events(lang),
        Tab::Rewards => text::tab_rewards(lang),
        Tab::Me => text::tab_me(lang),
    }
}

fn tabs(app: AppState, wanted: RwSignal<Route>) -> AnyView {
    let one = move |tab: Tab, sign: Icon| {
        let here = move || (wanted.get().tab() == Some(tab)).then_some("page");
        view! {
            <a href=tab.route().path() aria-current=here>
                {icon(sign)}
                <span>{move || tab_name(app.lang.get(), tab)}</span>
            </a>
        }
        .into_any()
    };
    view! {
        <nav class="tabs" aria-label=move || text::parts_of_the_app(app.lang.get())>
            {one(Tab::Home, Icon::Home)}
            {one(Tab::Learn, Icon::Learn)}
            {one(Tab::Events, Icon::Events)}
            {one(Tab::Rewards, Icon::Rewards)}
            {one(Tab::Me, Icon::Me)}
        </nav>
    }
    .into_any()
}

/// A message that disappears by itself.
fn toast(app: AppState) -> AnyView {
    let (count, words) = app.last_toast.get();
    if words.is_empty() {
        return nothing();
    }
    js::set_timeout(5_000, move || {
        app.last_toast.update(|(now, words)| {
            if *now == count {
                words.clear();
            }
        });
    });
    view! { <p>{words}</p> }.into_any()
}

fn first(app: AppState) -> AnyView {
    let lang = app.lang.get();
    match app.connection.get() {
        ConnectionState::SignIn => signed_out(app),
        ConnectionState::Update => view! {
            {heading(text::first_title(lang))}
            {line("hint", text::too_old(lang))}
            <button type="button" class="button primary" on:click=|_| js::apply_update()>
                {text::reload(lang)}
            </button>
        }
        .into_any(),
        ConnectionState::Offline => {
            let (title, words) = if is_hidden() {
                (text::hidden_title(lang), text::hidden(lang))
            } else {
                (text::first_offline_title(lang), text::first_offline(lang))
            };
            view! {
                {heading(title)}
                {line("hint", words)}
                <button type="button" class="button primary" on:click=move |_| app.sync()>
                    {text::try_again(lang)}
                </button>
            }
            .into_any()
        }
        _ => view! {
            {heading(text::first_title(lang))}
            {skeleton()}
        }
        .into_any(),
    }
}

/// A placeholder while content loads.
fn skeleton() -> AnyView {
    view! {
        <div class="skeleton" aria-hidden="true">
            <div class="skeleton-card"></div>
            <div class="skeleton-line"></div>
            <div class="skeleton-line"></div>
            <div class="skeleton-line"></div>
        </div>
    }
    .into_any()
}

fn signed_out(app: AppState) -> AnyView {
    let lang = app.lang.get();
    let (title, words) = if app.ended.get() {
        (text::ended_title(lang), text::ended(lang))
    } else {
        (text::signed_out_title(lang), text::signed_out(lang))
    };
    view! {
        {heading(title)}
        {line("hint", words)}
        <a class="button primary" href="/sign-in" rel="external">
            {text::sign_in(lang)}
        </a>
    }
    .into_any()
}

fn no_store(app: AppState) -> AnyView {
    let lang = app.lang.get();
    view! {
        {heading(text::no_store_title(lang))}
        {line("hint", text::no_store(lang))}
        <button
            type="button"
            class="button primary"
            on:click=|_| {
                let _ = window().location().reload();
            }
        >
            {text::reload(lang)}
        </button>
    }
    .into_any()
}

pub fn not_found() -> AnyView {
    let app = app();
    (move || {
        let lang = app.lang.get();
        view! {
            {heading(text::nowhere_title(lang))}
            {line("hint", text::nowhere(lang))}
            {button_link("primary", &Route::Home, text::tab_home(lang))}
        }
        .into_any()
    })
    .into_any()
}
