//! What is around every screen: the way back, the quiet line, the tabs, and what is said in passing.

use crate::browser::js;
use crate::browser::live::{App, Link, Stage};
use crate::format;
use crate::icon::{Icon, icon};
use crate::parts::{app, button, button_link, heading, line, navigate_with_router, nothing};
use crate::route::{Route, Tab};
use crate::{events, home, learning, ledger, members, rewards, text};
use domain::Lang;
use leptos::prelude::*;
use leptos_router::components::Router;
use leptos_router::hooks::use_location;
use leptos_router::location::{BrowserUrl, LocationProvider};
use wasm_bindgen::JsCast;

/// The whole member app.
pub fn member_app(app: App) -> AnyView {
    provide_context(app);
    view! {
        <Router>{move || framed()}</Router>
    }
    .into_any()
}

fn framed() -> AnyView {
    let app = app();
    navigate_with_router();
    let path = use_location().pathname;
    let route = Memo::new(move |_| Route::parse(&path.get()));
    // The router waits with the address until a screen says that it is there; ours always are.
    let address = expect_context::<BrowserUrl>();
    Effect::new(move |_| {
        path.track();
        address.ready_to_complete();
    });
    tell_the_browser(app, route);
    view! {
        <a class="skip" href="#main">
            {move || text::skip(app.lang.get())}
        </a>
        <header class="top">
            {move || way_back(app, &route.get())}
            {move || quiet_line(app)}
        </header>
        {move || banners(app, &route.get())}
        <main id="main" class:bare=move || matches!(route.get(), Route::Ticket(_))>
            {move || match app.stage.get() {
                Stage::Open => screen(&route.get()),
                Stage::Start => skeleton(),
                Stage::First => first(app),
                Stage::SignedOut => signed_out(app),
                Stage::NoStore => no_store(app),
            }}
        </main>
        {move || if app.stage.get() == Stage::Open { tabs(app, route) } else { nothing() }}
        <div class="said" role="status" aria-live="polite">
            {move || said(app)}
        </div>
    }
    .into_any()
}

fn screen(route: &Route) -> AnyView {
    match route.clone() {
        Route::Home => home::home_page(),
        Route::Learn => learning::list_page(),
        Route::Course(course) => learning::course_page(course),
        Route::Lesson(course, lesson) => learning::lesson_page(course, lesson),
        Route::Practice(course) => learning::practice_page(course),
        Route::Quiz(course) => learning::quiz_page(course),
        Route::Attempt(course, attempt) => learning::attempt_page(course, attempt),
        Route::Events => events::list_page(),
        Route::Event(event) => events::detail_page(event),
        Route::Ticket(event) => events::ticket_page(event),
        Route::Rewards => rewards::list_page(),
        Route::Reward(reward) => rewards::detail_page(reward),
        Route::Request(request) => rewards::request_page(request),
        Route::Me => members::me_page(),
        Route::Activity => members::activity_page(),
        Route::Points(wallet) => ledger::points_page(wallet),
        Route::Company => members::company_page(),
        Route::Devices => members::devices_page(),
        Route::Language => members::language_page(),
        Route::Privacy => members::privacy_page(),
        Route::Help => members::help_page(),
        Route::SignOut => members::sign_out_page(),
        Route::Nowhere => nowhere(),
    }
}

/// The document's language and title, and the focus on the title of a screen that opens.
fn tell_the_browser(app: App, route: Memo<Route>) {
    let document = document();
    Effect::new(move |_| {
        if let Some(root) = document.document_element() {
            let _ = root.set_attribute("lang", app.lang.get().tag());
        }
    });
    Effect::new(move |before: Option<Route>| {
        let here = route.get();
        app.lang.track();
        let opened = before.is_some_and(|before| before != here);
        let brand = app
            .view
            .with(|view| view.programme.as_deref().map(|programme| programme.name.clone()));
        js::after(50, move || {
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

fn way_back(app: App, route: &Route) -> AnyView {
    let lang = app.lang.get();
    match route.parent().filter(|_| app.stage.get() == Stage::Open) {
        Some(parent) => view! {
            <a class="way-back" href=parent.path()>
                {icon(Icon::Back)}
                <span>{tab_name(lang, parent.tab().unwrap_or(Tab::Home))}</span>
            </a>
        }
        .into_any(),
        None => {
            let brand = app
                .view
                .with(|view| view.programme.as_deref().map(|programme| programme.name.clone()))
                .unwrap_or_default();
            view! { <span class="brand">{brand}</span> }.into_any()
        }
    }
}

/// "Offline – as of 10:42", "3 to send": one line, and silence where all is well.
fn quiet_line(app: App) -> AnyView {
    let lang = app.lang.get();
    let waiting = app.view.with(|view| view.waiting);
    let mut words = Vec::new();
    if app.link.get() == Link::Offline {
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
    let offline = app.link.get() == Link::Offline;
    view! {
        <a class="quiet-line" href=Route::Activity.path()>
            {icon(if offline { Icon::Offline } else { Icon::Sent })}
            <span>{words.join(" · ")}</span>
        </a>
    }
    .into_any()
}

fn banners(app: App, route: &Route) -> AnyView {
    let lang = app.lang.get();
    let mut banners: Vec<AnyView> = Vec::new();
    if app.stage.get() == Stage::Open {
        let (waiting, parked, refused) = app.view.with(|view| (view.waiting, view.parked, view.refused));
        match app.link.get() {
            Link::SignIn => banners.push(banner(
                "warn",
                if waiting > 0 {
                    text::sign_in_to_send(lang, waiting as i64)
                } else {
                    text::session_over(lang).into()
                },
                view! { <a class="button" href="/sign-in" rel="external">{text::sign_in(lang)}</a> }
                    .into_any(),
            )),
            Link::Update if !app.update.get() => banners.push(banner(
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

fn tabs(app: App, route: Memo<Route>) -> AnyView {
    let one = move |tab: Tab, sign: Icon| {
        let here = move || (route.get().tab() == Some(tab)).then_some("page");
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

/// What is said in passing goes away by itself.
fn said(app: App) -> AnyView {
    let (count, words) = app.said.get();
    if words.is_empty() {
        return nothing();
    }
    js::after(5_000, move || {
        app.said.update(|(now, words)| {
            if *now == count {
                words.clear();
            }
        });
    });
    view! { <p>{words}</p> }.into_any()
}

fn first(app: App) -> AnyView {
    let lang = app.lang.get();
    match app.link.get() {
        Link::SignIn => signed_out(app),
        Link::Update => view! {
            {heading(text::first_title(lang))}
            {line("hint", text::too_old(lang))}
            <button type="button" class="button primary" on:click=|_| js::apply_update()>
                {text::reload(lang)}
            </button>
        }
        .into_any(),
        Link::Offline => view! {
            {heading(text::first_offline_title(lang))}
            {line("hint", text::first_offline(lang))}
            <button type="button" class="button primary" on:click=move |_| app.sync()>
                {text::try_again(lang)}
            </button>
        }
        .into_any(),
        _ => view! {
            {heading(text::first_title(lang))}
            {skeleton()}
        }
        .into_any(),
    }
}

/// The shape of what is coming.
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

fn signed_out(app: App) -> AnyView {
    let lang = app.lang.get();
    view! {
        {heading(text::signed_out_title(lang))}
        {line("hint", text::signed_out(lang))}
        <a class="button primary" href="/sign-in" rel="external">
            {text::sign_in(lang)}
        </a>
    }
    .into_any()
}

fn no_store(app: App) -> AnyView {
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

fn nowhere() -> AnyView {
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
