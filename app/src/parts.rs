//! Pieces that several screens are made of.

use crate::address;
use crate::browser::derived::Derived;
use crate::browser::js;
use crate::browser::live::App;
use crate::format;
use crate::icon::{Icon, icon};
use crate::phone::outbox::State;
use crate::route::Route;
use crate::text;
use domain::id::CommandId;
use domain::qr::Qr;
use domain::stock::Band;
use domain::{Command, Error, Lang, Timestamp, Verdict};
use leptos::ev::MouseEvent;
use leptos::prelude::*;
use std::sync::Arc;
use uuid::Uuid;
use wasm_bindgen_futures::spawn_local;

/// The app, from anywhere inside it.
pub fn app() -> App {
    expect_context::<App>()
}

/// Opens a screen.
pub fn open(route: &Route) {
    address::go(route.path(), false);
}

/// Opens a screen in place of this one: the way back does not lead here again.
pub fn open_instead(route: &Route) {
    address::go(route.path(), true);
}

/// What a screen is called. It takes the focus when the screen opens.
pub fn heading(title: impl Into<String>) -> AnyView {
    let title: String = title.into();
    view! { <h1 tabindex="-1">{title}</h1> }.into_any()
}

/// A part of a screen under its own title.
pub fn section(title: &str, body: AnyView) -> AnyView {
    view! {
        <section class="part">
            <h2>{title.to_owned()}</h2>
            {body}
        </section>
    }
    .into_any()
}

/// A sentence, if there is something to say.
pub fn line(class: &'static str, words: impl Into<String>) -> AnyView {
    let words: String = words.into();
    view! { <p class=class>{words}</p> }.into_any()
}

/// An empty list that says what to do next.
pub fn empty(words: &str) -> AnyView {
    view! { <p class="empty">{words.to_owned()}</p> }.into_any()
}

/// A label on something.
pub fn chip(class: &'static str, words: impl Into<String>) -> AnyView {
    let words: String = words.into();
    view! { <span class=format!("chip {class}")>{words}</span> }.into_any()
}

/// How much is left, as a label.
pub fn band(band: Band, words: &'static str) -> AnyView {
    chip(
        match band {
            Band::Many | Band::Newer => "many",
            Band::Few => "few",
            Band::None => "none",
        },
        words,
    )
}

/// A row that opens a screen: title, detail under it, and something at its end.
pub fn row(route: &Route, title: impl Into<String>, detail: AnyView, end: AnyView) -> AnyView {
    let title: String = title.into();
    view! {
        <li>
            <a class="row" href=route.path()>
                <span class="row-text">
                    <strong>{title}</strong>
                    {detail}
                </span>
                <span class="row-end">{end}{icon(Icon::Next)}</span>
            </a>
        </li>
    }
    .into_any()
}

/// The small print of a row.
pub fn detail(words: impl Into<String>) -> AnyView {
    let words: String = words.into();
    view! { <span class="detail">{words}</span> }.into_any()
}

/// A list of rows.
pub fn rows(rows: Vec<AnyView>) -> AnyView {
    view! { <ul class="rows">{rows}</ul> }.into_any()
}

/// Nothing.
pub fn nothing() -> AnyView {
    ().into_any()
}

/// The one main thing to do on a screen, in reach of the thumb. Where it cannot be done, it says why.
pub fn main_action(
    label: impl Into<String>,
    why_not: Option<String>,
    act: impl Fn(MouseEvent) + 'static,
) -> AnyView {
    let label: String = label.into();
    let off = why_not.is_some();
    view! {
        <div class="main-action">
            {why_not.map(|why| view! { <p class="why" id="why">{why}</p> })}
            <button
                type="button"
                class="button primary"
                aria-disabled=off.then_some("true")
                aria-describedby=off.then_some("why")
                aria-busy=is_saving
                on:click=move |event| {
                    if !off {
                        act(event);
                    }
                }
            >
                {label}
            </button>
        </div>
    }
    .into_any()
}

/// A button beside the main one.
pub fn button(class: &'static str, label: impl Into<String>, act: impl Fn(MouseEvent) + 'static) -> AnyView {
    let label: String = label.into();
    view! {
        <button type="button" class=format!("button {class}") aria-busy=is_saving on:click=act>
            {label}
        </button>
    }
    .into_any()
}

/// A link that looks like a button.
pub fn button_link(class: &'static str, route: &Route, label: impl Into<String>) -> AnyView {
    let label: String = label.into();
    view! { <a class=format!("button {class}") href=route.path()>{label}</a> }.into_any()
}

/// A link out of the app, with its icon.
pub fn way_out(href: String, sign: Icon, label: impl Into<String>) -> AnyView {
    let label: String = label.into();
    let web = href.starts_with("http");
    view! {
        <a
            class="button quiet"
            href=href
            target=web.then_some("_blank")
            rel=web.then_some("noopener noreferrer external")
        >
            {icon(sign)}
            <span>{label}</span>
        </a>
    }
    .into_any()
}

/// Text of the brand, sanitised on the server.
pub fn written(html: &str) -> AnyView {
    view! { <div class="written" inner_html=html.to_owned()></div> }.into_any()
}

/// A bar from 0 to `most`.
pub fn bar(label: String, value: i64, most: i64) -> AnyView {
    view! {
        <progress
            class="bar"
            aria-label=label
            max=most.max(1).to_string()
            value=value.clamp(0, most.max(1)).to_string()
        ></progress>
    }
    .into_any()
}

/// A QR code, in ink on white whatever the theme.
pub fn qr_code(qr: &Qr, label: &str) -> AnyView {
    // Four modules of quiet zone all around.
    let side = qr.side + 8;
    view! {
        <svg class="qr" role="img" aria-label=label.to_owned() viewBox=format!("-4 -4 {side} {side}")>
            <path d=qr.path.clone() />
        </svg>
    }
    .into_any()
}

/// Does something and says what came of it; `then` runs once it is saved on the phone.
///
/// A second tap before that is the same tap of an impatient thumb: it does nothing.
pub fn act(app: App, command: Command, draft: Option<String>, then: impl FnOnce(CommandId) + 'static) {
    let lang = app.lang.get_untracked();
    one_at_a_time(app, async move {
        match app.act(command, draft).await {
            Ok(id) => {
                app.say(text::saved_on_phone(lang));
                then(id);
            }
            Err(_) => app.say(text::could_not_save(lang)),
        }
    });
}

/// Does something in passing, without a word.
pub fn act_quietly(app: App, command: Command) {
    one_at_a_time(app, async move {
        let _ = app.act(command, None).await;
    });
}

fn one_at_a_time(app: App, act: impl Future<Output = ()> + 'static) {
    if app.acting.get_untracked() {
        return;
    }
    app.acting.set(true);
    spawn_local(async move {
        act.await;
        app.acting.set(false);
    });
}

/// While an act is being saved, the buttons say so.
fn is_saving() -> Option<&'static str> {
    app().acting.get().then_some("true")
}

/// The three states, and the two that need the member, each with its icon and its word.
pub fn state(lang: Lang, state: State) -> AnyView {
    let (class, sign, words) = match state {
        State::Saved => ("state saved", Icon::Phone, text::state_saved(lang)),
        State::Sent => ("state sent", Icon::Sent, text::state_sent(lang)),
        State::Confirmed => ("state confirmed", Icon::Done, text::state_confirmed(lang)),
        State::Refused => ("state refused", Icon::Refused, text::state_refused(lang)),
        State::Parked => ("state parked", Icon::Stuck, text::state_parked(lang)),
    };
    view! {
        <span class=class>
            {icon(sign)}
            <span>{words}</span>
        </span>
    }
    .into_any()
}

/// Where an act of this phone has got to; nothing where it is not known any more.
pub fn state_of(app: App, id: CommandId) -> AnyView {
    match app.activity.get().act(id) {
        Some(act) => state(app.lang.get(), act.state),
        None => nothing(),
    }
}

/// A refusal in words.
pub fn refusal(app: App, error: &Error) -> String {
    text::error_text(error, app.lang.get(), &|at: Timestamp| format::moment(app, at))
}

/// What the server said to an act, in words.
pub fn answer(app: App, verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Confirmed(receipt) => Some(text::receipt_text(receipt, app.lang.get())),
        Verdict::Refused(error) => Some(refusal(app, error)),
        Verdict::Failed => None,
        Verdict::Newer => Some(text::verdict_newer(app.lang.get()).to_owned()),
    }
}

/// A screen, or a part of one, that follows what the phone knows: it is drawn anew when a view that `show` reads changes.
pub fn live(show: impl Fn(App, Lang) -> AnyView + Send + 'static) -> AnyView {
    let app = app();
    (move || {
        js::keep_focus_over_redraw();
        show(app, app.lang.get())
    })
    .into_any()
}

/// A list whose rows stay: one that is still there keeps its elements, and with them the focus, the caret and what is
/// being typed. It is drawn anew only when what `item` finds has changed.
pub fn keyed<T: PartialEq + Send + Sync + 'static>(
    class: &'static str,
    keys: Derived<Vec<Uuid>>,
    item: fn(App, Uuid) -> Option<T>,
    row: fn(App, &T, Lang) -> AnyView,
) -> AnyView {
    let app = app();
    let rows = move |key: Uuid| {
        let item = Derived::new(move || item(app, key));
        live(move |app, lang| match item.get().as_ref() {
            Some(item) => row(app, item, lang),
            None => nothing(),
        })
    };
    keyed_rows(class, keys, Arc::new(rows))
}

fn keyed_rows(
    class: &'static str,
    keys: Derived<Vec<Uuid>>,
    rows: Arc<dyn Fn(Uuid) -> AnyView + Send + Sync>,
) -> AnyView {
    view! {
        <ul class=class>
            <For each=move || keys.get().as_ref().clone() key=|key| *key children=move |key| rows(key) />
        </ul>
    }
    .into_any()
}

/// The same under a title, and nothing at all while it is empty.
pub fn keyed_section<T: PartialEq + Send + Sync + 'static>(
    title: impl Fn(Lang) -> &'static str + Send + 'static,
    keys: Derived<Vec<Uuid>>,
    item: fn(App, Uuid) -> Option<T>,
    row: fn(App, &T, Lang) -> AnyView,
) -> AnyView {
    let some = Derived::new(move || !keys.get().is_empty());
    live(move |_, lang| {
        if *some.get() {
            section(title(lang), keyed("rows", keys, item, row))
        } else {
            nothing()
        }
    })
}

/// Something that is no longer there.
pub fn not_there(lang: Lang, back: &Route) -> AnyView {
    view! {
        {heading(text::not_there_title(lang))}
        {line("hint", text::not_there(lang))}
        {button_link("primary", back, text::back(lang))}
    }
    .into_any()
}
