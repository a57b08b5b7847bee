//! One reward, and the confirmation before points are reserved.

use super::view::Buyer;
use crate::actions::{open, refusal, submit};
use crate::browser::app_state::AppState;
use crate::routes::Route;
use crate::text;
use crate::ui::{band, button, chip, heading, line, live, not_there, nothing, primary_action, rich_text};
use domain::id::RewardId;
use domain::ledger::Wallet;
use domain::rewards::{self, Reward};
use domain::{Command, Lang};
use leptos::html::Dialog;
use leptos::prelude::*;
use std::sync::Arc;

pub fn detail_page(id: RewardId) -> AnyView {
    let sheet: NodeRef<Dialog> = NodeRef::new();
    let wallet = RwSignal::new(None);
    let page = live(move |app, lang| match app.rewards.get().reward(id) {
        Some(reward) => reward_page(app, reward, lang, sheet, wallet),
        None => not_there(lang, &Route::Rewards),
    });
    let asking = live(move |app, _| match app.rewards.get().reward(id) {
        Some(reward) => question(app, reward, sheet, wallet),
        None => nothing(),
    });
    view! {
        {page}
        <dialog class="sheet" node_ref=sheet aria-labelledby="sheet-title">
            {asking}
        </dialog>
    }
    .into_any()
}

fn reward_page(
    app: AppState,
    reward: &Arc<Reward>,
    lang: Lang,
    sheet: NodeRef<Dialog>,
    wallet: RwSignal<Option<Wallet>>,
) -> AnyView {
    let asked = reward.clone();
    let (member, ledger) = (app.member.get(), app.ledger.get());
    let buyer = Buyer {
        member: &member,
        ledger: &ledger,
    };
    let why_not = buyer.may_redeem(reward).err().map(|error| refusal(app, &error));
    view! {
        {heading(reward.title.get(lang))}
        {line("lead", reward.summary.get(lang))}
        <p class="figure price-big">{text::points(lang, reward.points)}</p>
        <p class="chips">
            {band(reward.stock, text::stock(lang, reward.stock))}
            {chip("plain", text::delivery(lang, reward.delivery))}
            {chip("plain", text::shelf(lang, reward.shelf))}
        </p>
        {rich_text(reward.html.get(lang))}
        {primary_action(
            text::ask_for_it(lang),
            why_not,
            move |_| {
                let (member, ledger) = (app.member.get_untracked(), app.ledger.get_untracked());
                let buyer = Buyer {
                    member: &member,
                    ledger: &ledger,
                };
                wallet.set(buyer.payer(&asked));
                if let Some(sheet) = sheet.get_untracked() {
                    let _ = sheet.show_modal();
                }
            },
        )}
    }
    .into_any()
}

fn question(
    app: AppState,
    reward: &Arc<Reward>,
    sheet: NodeRef<Dialog>,
    wallet: RwSignal<Option<Wallet>>,
) -> AnyView {
    let lang = app.lang.get();
    let price = text::points(lang, reward.points);
    let (member, ledger) = (app.member.get(), app.ledger.get());
    let buyer = Buyer {
        member: &member,
        ledger: &ledger,
    };
    let spendable = ledger.spendable(&member);
    let several = spendable.len() > 1;
    let wallets: Vec<AnyView> = spendable
        .into_iter()
        .map(|(one, view)| {
            let why = buyer
                .may_redeem_from(reward, one)
                .err()
                .map(|error| refusal(app, &error));
            let off = why.is_some();
            let after = match why {
                Some(why) => why,
                None => text::left_after(lang, &text::points(lang, view.available - reward.points)),
            };
            view! {
                <label class="choice">
                    <input
                        type="radio"
                        name="wallet"
                        prop:checked=move || wallet.get() == Some(one)
                        prop:disabled=off
                        on:change=move |_| wallet.set(Some(one))
                    />
                    <span class="row-text">
                        <strong>{text::wallet(lang, one)}</strong>
                        <span class="detail">{after}</span>
                    </span>
                </label>
            }
            .into_any()
        })
        .collect();
    let from = if several {
        view! {
            <fieldset class="question">
                <legend>{text::which_wallet(lang)}</legend>
                <div class="choices">{wallets}</div>
            </fieldset>
        }
        .into_any()
    } else {
        line(
            "hint",
            text::left_after(lang, &text::points(lang, ledger.own.available - reward.points)),
        )
    };
    let (id, points) = (reward.id, reward.points);
    let close = move || {
        if let Some(sheet) = sheet.get_untracked() {
            sheet.close();
        }
    };
    view! {
        <h2 id="sheet-title">{text::sheet_title(lang, reward.title.get(lang))}</h2>
        {line("lead", text::sheet_price(lang, &price))}
        {from}
        {line("hint", text::sheet_hint(lang))}
        <div class="actions">
            {button(
                "primary",
                text::reserve(lang, &price),
                move |_| {
                    let Some(wallet) = wallet.get_untracked() else {
                        return;
                    };
                    close();
                    let command = Command::Rewards(rewards::Command::Redeem {
                        reward: id,
                        points,
                        wallet,
                    });
                    submit(app, command, None, |request| open(&Route::Request(request)));
                },
            )}
            {button("", text::not_now(lang), move |_| close())}
        </div>
    }
    .into_any()
}
