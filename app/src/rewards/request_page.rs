//! A request, step by step to its delivery.

use super::list_page::step_chip;
use super::view::RequestView;
use crate::actions::{submit, verdict_text};
use crate::browser::app_state::AppState;
use crate::format;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use crate::text;
use crate::ui::{button, button_link, heading, line, live, not_there, nothing, qr_code, state, state_of};
use domain::id::CommandId;
use domain::rewards::{self, Step};
use domain::{Command, Lang};
use leptos::prelude::*;

pub fn request_page(id: CommandId) -> AnyView {
    live(move |app, lang| match app.rewards.get().request(id) {
        Some(view) => request(app, view, lang),
        None => refused(app, id, lang),
    })
}

/// A refused request has no document; its act holds the reason.
fn refused(app: AppState, id: CommandId, lang: Lang) -> AnyView {
    let activity = app.activity.get();
    let Some(act) = activity.act(id) else {
        return not_there(lang, &Route::Rewards);
    };
    let words = act
        .outcome
        .as_ref()
        .and_then(|outcome| verdict_text(app, &outcome.verdict));
    view! {
        {heading(text::request_title(lang))}
        {state(lang, act.state)}
        {line("lead", words.unwrap_or_default())}
        {button_link("primary", &Route::Rewards, text::tab_rewards(lang))}
    }
    .into_any()
}

fn request(app: AppState, view: &RequestView, lang: Lang) -> AnyView {
    let request = &view.redemption;
    let done: Vec<AnyView> = if view.pending {
        vec![]
    } else {
        request
            .steps
            .iter()
            .map(|(at, step)| {
                view! {
                    <li class="step-done">
                        {icon(Icon::Done)}
                        <span class="row-text">
                            <strong>{text::step(lang, *step)}</strong>
                            <span class="detail">{format::moment(app, *at)}</span>
                        </span>
                    </li>
                }
                .into_any()
            })
            .collect()
    };
    let next = match (view.pending, request.step()) {
        (true, _) => Some(text::request_pending(lang)),
        (false, Step::Reserved) => Some(text::request_reserved(lang)),
        (false, Step::Accepted) => Some(text::delivery(lang, request.delivery)),
        _ => None,
    };
    let id = request.id;
    let take_back = if view.taking_back {
        line("hint", text::taking_back_hint(lang))
    } else if request.step().may_become(Step::TakenBack) {
        button("quiet", text::take_back(lang), move |_| {
            submit(
                app,
                Command::Rewards(rewards::Command::TakeBack { redemption: id }),
                None,
                |_| {},
            );
        })
    } else {
        nothing()
    };
    let voucher = request.voucher.as_ref().map(|voucher| {
        view! {
            <div class="ticket">
                {qr_code(&voucher.qr, text::voucher_label(lang))}
                {line("hint", text::voucher_hint(lang))}
            </div>
        }
    });
    view! {
        {heading(request.title.get(lang))}
        <p class="chips">{step_chip(view, lang)}{state_of(app, id)}</p>
        {line(
            "facts",
            format!("{} · {}", text::points(lang, request.points), text::wallet(lang, request.wallet)),
        )}
        {voucher}
        <ol class="steps">{done}</ol>
        {next.map(|next| line("hint", next))}
        <div class="actions">{take_back}</div>
    }
    .into_any()
}
