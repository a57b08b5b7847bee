//! The activity page: the member's acts, with state, reason of a refusal, and what to do.

use super::view::ActView;
use crate::actions::verdict_text;
use crate::browser::app_state::AppState;
use crate::browser::derived::Derived;
use crate::feature::{Described, FEATURES};
use crate::format;
use crate::phone::outbox::State;
use crate::text;
use crate::ui::{app, button, detail, empty, heading, keyed, line, live, nothing, state};
use domain::Lang;
use domain::id::CommandId;
use leptos::prelude::*;
use uuid::Uuid;

/// Acts shown before the member asks for more.
const FIRST: usize = 40;

pub fn activity_page() -> AnyView {
    // Refusals count as seen when the member leaves the page.
    let here = app();
    on_cleanup(move || here.mark_refusals_seen());
    let most = RwSignal::new(FIRST);
    let shown = Derived::new(move || {
        let activity = here.activity.get();
        let acts = activity.acts.iter().filter(|act| is_worth_showing(here, act));
        acts.map(|act| act.id.0).collect::<Vec<Uuid>>()
    });
    let first = Derived::new(move || shown.get().iter().take(most.get()).copied().collect());
    view! {
        {live(|_, lang| {
            view! {
                {heading(text::activity_title(lang))}
                {line("hint", text::activity_hint(lang))}
            }
            .into_any()
        })}
        {live(|app, lang| {
            if app.counts.get().waiting > 0 {
                button("primary", text::send_now(lang), move |_| app.sync())
            } else {
                nothing()
            }
        })}
        {live(move |_, lang| if shown.get().is_empty() { empty(text::no_acts(lang)) } else { nothing() })}
        {keyed("acts", first, find, act_card)}
        {live(move |_, lang| {
            if shown.get().len() > most.get() {
                button("", text::show_more(lang), move |_| most.update(|most| *most += FIRST))
            } else {
                nothing()
            }
        })}
    }
    .into_any()
}

fn find(app: AppState, id: Uuid) -> Option<ActView> {
    app.activity.get().act(CommandId(id)).cloned()
}

fn is_worth_showing(app: AppState, act: &ActView) -> bool {
    is_wrong(act) || !describe(app, act, Lang::default()).minor
}

fn is_wrong(act: &ActView) -> bool {
    matches!(act.state, State::Refused | State::Parked)
}

/// Describes the act through its feature.
fn describe(app: AppState, act: &ActView, lang: Lang) -> Described {
    let feature = FEATURES.iter().find(|feature| feature.owner.tag() == act.tag);
    let described = feature.and_then(|feature| (feature.describe)(app, act, lang));
    described.unwrap_or_else(|| Described {
        words: text::act_unreadable(lang).to_owned(),
        route: None,
        minor: false,
    })
}

fn act_card(app: AppState, act: &ActView, lang: Lang) -> AnyView {
    let Described { words, route, .. } = describe(app, act, lang);
    let said = act
        .outcome
        .as_ref()
        .and_then(|outcome| verdict_text(app, &outcome.verdict));
    let said = said.map(|said| {
        line(
            if act.state == State::Refused {
                "error"
            } else {
                "said-back"
            },
            said,
        )
    });
    let id = act.id;
    let again = if act.state == State::Parked {
        view! {
            {line("error", text::parked_hint(lang))}
            {button("", text::try_again(lang), move |_| app.unpark(id))}
        }
        .into_any()
    } else {
        nothing()
    };
    let name = match route {
        Some(route) => view! { <a href=route.path()>{words}</a> }.into_any(),
        None => words.into_any(),
    };
    view! {
        <li class="act">
            <p class="act-name">{name}</p>
            <p class="act-state">{state(lang, act.state)}{detail(format::as_of(app, act.made_at))}</p>
            {said}
            {again}
        </li>
    }
    .into_any()
}
