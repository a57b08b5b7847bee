//! The shelves, what is within reach first, and the member's requests.

use crate::format;
use crate::parts::{band, chip, detail, empty, heading, line, live, nothing, row, rows, section};
use crate::phone::view::{RequestNow, View};
use crate::route::Route;
use crate::text;
use domain::events::Band;
use domain::rewards::{Reward, Shelf, Step};
use domain::{Error, Lang};
use leptos::prelude::*;

pub fn list_page() -> AnyView {
    live(|app, view, lang| {
        let requests: Vec<AnyView> = view
            .requests
            .iter()
            .map(|now| {
                let request = &now.redemption;
                let since = request
                    .steps
                    .last()
                    .map(|(at, _)| format::as_of(app, *at))
                    .unwrap_or_default();
                row(
                    &Route::Request(request.id),
                    request.title.get(lang),
                    view! {
                        {detail(format!("{} · {since}", text::points(lang, request.points)))}
                        {step_chip(now, lang)}
                    }
                    .into_any(),
                    nothing(),
                )
            })
            .collect();
        let mine = if requests.is_empty() {
            nothing()
        } else {
            section(text::my_requests(lang), rows(requests))
        };
        let reach: Vec<AnyView> = view
            .within_reach()
            .into_iter()
            .map(|it| reward_row(view, it, lang))
            .collect();
        let now = if view.rewards.is_empty() {
            empty(text::no_rewards(lang))
        } else if reach.is_empty() {
            section(text::can_get_now(lang), empty(text::nothing_within_reach(lang)))
        } else {
            section(text::can_get_now(lang), rows(reach))
        };
        let shelves: Vec<AnyView> = Shelf::ALL
            .into_iter()
            .chain([Shelf::Newer])
            .map(|shelf| {
                let found: Vec<AnyView> = view
                    .rewards
                    .iter()
                    .filter(|it| it.shelf == shelf && view.may_redeem(it).is_err())
                    .map(|it| reward_row(view, it, lang))
                    .collect();
                if found.is_empty() {
                    nothing()
                } else {
                    section(text::shelf(lang, shelf), rows(found))
                }
            })
            .collect();
        view! {
            {heading(text::tab_rewards(lang))}
            {purse_lines(view, lang)}
            {mine}
            {now}
            {shelves}
        }
        .into_any()
    })
}

fn purse_lines(view: &View, lang: Lang) -> Vec<AnyView> {
    view.purses()
        .into_iter()
        .map(|(wallet, purse)| {
            line(
                "purse-line",
                text::wallet_holds(
                    lang,
                    text::wallet(lang, wallet),
                    &text::points(lang, purse.available),
                ),
            )
        })
        .collect()
}

/// Where a request has got to, as a label.
pub fn step_chip(now: &RequestNow, lang: Lang) -> AnyView {
    if now.taking_back {
        return chip("pending", text::taking_back(lang));
    }
    if now.pending {
        return chip("pending", text::to_confirm(lang));
    }
    let step = now.redemption.step();
    let class = match step {
        Step::Reserved | Step::Accepted | Step::Sent | Step::Newer => "mine",
        Step::Delivered => "many",
        Step::TakenBack | Step::Declined => "none",
    };
    chip(class, text::step(lang, step))
}

fn reward_row(view: &View, reward: &Reward, lang: Lang) -> AnyView {
    let why = match view.may_redeem(reward) {
        Ok(()) if reward.stock == Band::Few => band(Band::Few, text::stock(lang, Band::Few)),
        Ok(()) => nothing(),
        Err(Error::NotEnoughPoints { missing }) => detail(text::points_missing(lang, missing)),
        Err(Error::SoldOut) => band(Band::None, text::stock(lang, Band::None)),
        Err(Error::NotForYourTier) => {
            let names: Vec<&str> = view
                .programme
                .as_deref()
                .map(|programme| {
                    reward
                        .tiers
                        .iter()
                        .filter_map(|tier| programme.tier(tier))
                        .map(|tier| tier.name.get(lang))
                        .collect()
                })
                .unwrap_or_default();
            chip("tiers", text::reserved_for(lang, &names.join(", ")))
        }
        Err(_) => nothing(),
    };
    row(
        &Route::Reward(reward.id),
        reward.title.get(lang),
        view! { {detail(reward.summary.get(lang))}{why} }.into_any(),
        view! {
            <span class="price">
                <strong>{text::number(lang, reward.points)}</strong>
                <span>{text::points_word(lang)}</span>
            </span>
        }
        .into_any(),
    )
}
