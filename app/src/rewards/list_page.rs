//! The catalogue by shelf, redeemable rewards first, and the member's requests.

use super::view::{Buyer, RequestView};
use crate::browser::app_state::AppState;
use crate::browser::derived::Derived;
use crate::format;
use crate::ledger::view::LedgerView;
use crate::members::view::MemberView;
use crate::routes::Route;
use crate::text;
use crate::ui::{app, band, chip, detail, empty, heading, keyed_section, line, live, nothing, row, section};
use domain::id::{CommandId, RewardId};
use domain::rewards::{Reward, Shelf, Step};
use domain::stock::Band;
use domain::{Error, Lang};
use leptos::prelude::*;
use std::sync::Arc;
use uuid::Uuid;

pub fn list_page() -> AnyView {
    let app = app();
    let requests = Derived::new(move || {
        let rewards = app.rewards.get();
        let requests = rewards.requests.iter();
        requests.map(|request| request.redemption.id.0).collect()
    });
    let none = Derived::new(move || app.rewards.get().rewards.is_empty());
    let reach = offers(app, |offer| offer.why_not.is_none());
    let nothing_in_reach = Derived::new(move || !*none.get() && reach.get().is_empty());
    let shelves: Vec<AnyView> = Shelf::ALL
        .into_iter()
        .chain([Shelf::Newer])
        .map(|shelf| {
            let keys = offers(app, move |offer| {
                offer.reward.shelf == shelf && offer.why_not.is_some()
            });
            keyed_section(move |lang| text::shelf(lang, shelf), keys, find_offer, reward_row)
        })
        .collect();
    view! {
        {live(|_, lang| heading(text::tab_rewards(lang)))}
        {live(|app, lang| wallet_lines(&app.ledger.get(), &app.member.get(), lang).into_any())}
        {keyed_section(text::my_requests, requests, find_request, request_row)}
        {live(move |_, lang| if *none.get() { empty(text::no_rewards(lang)) } else { nothing() })}
        {live(move |_, lang| {
            if *nothing_in_reach.get() {
                section(text::can_get_now(lang), empty(text::nothing_within_reach(lang)))
            } else {
                nothing()
            }
        })}
        {keyed_section(text::can_get_now, reach, find_offer, reward_row)}
        {shelves}
    }
    .into_any()
}

/// A reward, and the reason if the member cannot have it now.
#[derive(PartialEq)]
struct Offer {
    reward: Arc<Reward>,
    why_not: Option<Error>,
}

impl Offer {
    fn of(app: AppState, reward: &Arc<Reward>) -> Offer {
        let (member, ledger) = (app.member.get(), app.ledger.get());
        let buyer = Buyer {
            member: &member,
            ledger: &ledger,
        };
        Offer {
            reward: reward.clone(),
            why_not: buyer.may_redeem(reward).err(),
        }
    }
}

fn offers(app: AppState, wanted: impl Fn(&Offer) -> bool + Send + Sync + 'static) -> Derived<Vec<Uuid>> {
    Derived::new(move || {
        let rewards = app.rewards.get();
        let offers = rewards.rewards.iter().map(|reward| Offer::of(app, reward));
        offers
            .filter(|offer| wanted(offer))
            .map(|offer| offer.reward.id.0)
            .collect()
    })
}

fn find_offer(app: AppState, id: Uuid) -> Option<Offer> {
    Some(Offer::of(app, app.rewards.get().reward(RewardId(id))?))
}

fn find_request(app: AppState, id: Uuid) -> Option<RequestView> {
    app.rewards.get().request(CommandId(id)).cloned()
}

fn request_row(app: AppState, view: &RequestView, lang: Lang) -> AnyView {
    let request = &view.redemption;
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
            {step_chip(view, lang)}
        }
        .into_any(),
        nothing(),
    )
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

/// The state of a request, as a label.
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

fn reward_row(app: AppState, offer: &Offer, lang: Lang) -> AnyView {
    let reward = &offer.reward;
    let why = match &offer.why_not {
        None if reward.stock == Band::Few => band(Band::Few, text::stock(lang, Band::Few)),
        None => nothing(),
        Some(Error::NotEnoughPoints { missing }) => detail(text::points_missing(lang, *missing)),
        Some(Error::SoldOut) => band(Band::None, text::stock(lang, Band::None)),
        Some(Error::NotForYourTier) => chip(
            "tiers",
            text::reserved_for(lang, &app.member.get().tier_names(&reward.tiers, lang)),
        ),
        Some(_) => nothing(),
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
