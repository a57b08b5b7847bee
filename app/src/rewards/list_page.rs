//! The shelves, what is within reach first, and the member's requests.

use super::view::{Buyer, RequestView};
use crate::format;
use crate::ledger::view::LedgerView;
use crate::members::view::MemberView;
use crate::parts::{band, chip, detail, empty, heading, line, live, nothing, row, rows, section};
use crate::route::Route;
use crate::text;
use domain::events::Band;
use domain::rewards::{Reward, Shelf, Step};
use domain::{Error, Lang};
use leptos::prelude::*;

pub fn list_page() -> AnyView {
    live(|app, lang| {
        let (member, ledger, view) = (app.member.get(), app.ledger.get(), app.rewards.get());
        let buyer = Buyer {
            member: &member,
            ledger: &ledger,
        };
        let requests: Vec<AnyView> = view
            .requests
            .iter()
            .map(|asked| {
                let request = &asked.redemption;
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
                        {step_chip(asked, lang)}
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
            .within_reach(buyer)
            .into_iter()
            .map(|it| reward_row(buyer, it, lang))
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
                    .filter(|it| it.shelf == shelf && buyer.may_redeem(it).is_err())
                    .map(|it| reward_row(buyer, it, lang))
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
            {wallet_lines(&ledger, &member, lang)}
            {mine}
            {now}
            {shelves}
        }
        .into_any()
    })
}

fn wallet_lines(ledger: &LedgerView, member: &MemberView, lang: Lang) -> Vec<AnyView> {
    ledger
        .spendable(member)
        .into_iter()
        .map(|(wallet, view)| {
            line(
                "purse-line",
                text::wallet_holds(
                    lang,
                    text::wallet(lang, wallet),
                    &text::points(lang, view.available),
                ),
            )
        })
        .collect()
}

/// Where a request has got to, as a label.
pub fn step_chip(asked: &RequestView, lang: Lang) -> AnyView {
    if asked.taking_back {
        return chip("pending", text::taking_back(lang));
    }
    if asked.pending {
        return chip("pending", text::to_confirm(lang));
    }
    let step = asked.redemption.step();
    let class = match step {
        Step::Reserved | Step::Accepted | Step::Sent | Step::Newer => "mine",
        Step::Delivered => "many",
        Step::TakenBack | Step::Declined => "none",
    };
    chip(class, text::step(lang, step))
}

fn reward_row(buyer: Buyer<'_>, reward: &Reward, lang: Lang) -> AnyView {
    let why = match buyer.may_redeem(reward) {
        Ok(()) if reward.stock == Band::Few => band(Band::Few, text::stock(lang, Band::Few)),
        Ok(()) => nothing(),
        Err(Error::NotEnoughPoints { missing }) => detail(text::points_missing(lang, missing)),
        Err(Error::SoldOut) => band(Band::None, text::stock(lang, Band::None)),
        Err(Error::NotForYourTier) => chip(
            "tiers",
            text::reserved_for(lang, &buyer.member.tier_names(&reward.tiers, lang)),
        ),
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
