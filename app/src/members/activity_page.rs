//! Every act of the member, with its state, the reason where it was refused, and what to do.

use crate::browser::live::App;
use crate::format;
use crate::parts::{answer, app, button, detail, empty, heading, line, live, nothing, state};
use crate::phone::outbox::State;
use crate::phone::view::{ActNow, View};
use crate::route::Route;
use crate::text;
use domain::{Command, Lang};
use domain::{events, learning, notices, rewards};
use leptos::prelude::*;

/// Acts shown before the member asks for more.
const FIRST: usize = 40;

pub fn activity_page() -> AnyView {
    // Seen once the member has had the page before them.
    let here = app();
    on_cleanup(move || here.see_refusals());
    let most = RwSignal::new(FIRST);
    live(move |app, view, lang| {
        let shown: Vec<&ActNow> = view.acts.iter().filter(|act| is_worth_showing(act)).collect();
        let more = (shown.len() > most.get()).then(|| {
            button("", text::show_more(lang), move |_| {
                most.update(|most| *most += FIRST)
            })
        });
        let list: Vec<AnyView> = shown
            .iter()
            .take(most.get())
            .map(|act| act_card(app, view, act, lang))
            .collect();
        let none = list.is_empty().then(|| empty(text::no_acts(lang)));
        let try_now =
            (view.waiting > 0).then(|| button("primary", text::send_now(lang), move |_| app.sync()));
        view! {
            {heading(text::activity_title(lang))}
            {line("hint", text::activity_hint(lang))}
            {try_now}
            {none}
            <ul class="acts">{list}</ul>
            {more}
        }
        .into_any()
    })
}

/// A message that was marked as read is not worth a line, unless it is stuck.
fn is_worth_showing(act: &ActNow) -> bool {
    !matches!(
        act.command,
        Some(Command::Notices(notices::Command::MarkRead { .. }))
    ) || matches!(act.state, State::Refused | State::Parked)
}

fn act_card(app: App, view: &View, act: &ActNow, lang: Lang) -> AnyView {
    let (title, route) = about(view, act, lang);
    let words = text::act(lang, act.command.as_ref(), title.as_deref());
    let said = act
        .outcome
        .as_ref()
        .and_then(|outcome| answer(app, &outcome.verdict));
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

/// What the act is about, and where that is shown.
fn about(view: &View, act: &ActNow, lang: Lang) -> (Option<String>, Option<Route>) {
    match &act.command {
        Some(Command::Events(events::Command::Join { event } | events::Command::Leave { event })) => {
            match view.event(*event) {
                Some(now) => (
                    Some(now.event.title.get(lang).to_owned()),
                    Some(Route::Event(*event)),
                ),
                None => (None, None),
            }
        }
        Some(Command::Learning(command)) => {
            let (learning::Command::ReadLesson { course, .. }
            | learning::Command::FinishPractice { course }
            | learning::Command::HandInQuiz { course, .. }) = command;
            let Some(now) = view.course(*course) else {
                return (None, None);
            };
            let route = match command {
                learning::Command::HandInQuiz { .. } => Route::Attempt(*course, act.id),
                _ => Route::Course(*course),
            };
            (Some(now.course.title.get(lang).to_owned()), Some(route))
        }
        Some(Command::Rewards(rewards::Command::Redeem { reward, .. })) => {
            let request = view.request(act.id);
            let title = request
                .map(|now| now.redemption.title.get(lang).to_owned())
                .or_else(|| Some(view.reward(*reward)?.title.get(lang).to_owned()));
            let route = match request {
                Some(_) => Some(Route::Request(act.id)),
                None => view.reward(*reward).map(|_| Route::Reward(*reward)),
            };
            (title, route)
        }
        Some(Command::Rewards(rewards::Command::TakeBack { redemption })) => {
            match view.request(*redemption) {
                Some(now) => (
                    Some(now.redemption.title.get(lang).to_owned()),
                    Some(Route::Request(*redemption)),
                ),
                None => (None, None),
            }
        }
        Some(Command::Members(_) | Command::Notices(_)) | None => (None, None),
    }
}
