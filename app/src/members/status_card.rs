//! Home card: the member's status, their points and what those are worth.

use crate::browser::app_state::AppState;
use crate::format;
use crate::icon::{Icon, icon};
use crate::ledger::view::WalletView;
use crate::rewards::view::Buyer;
use crate::routes::Route;
use crate::text;
use crate::ui::{bar, detail, line, nothing};
use domain::Lang;
use domain::ledger::Wallet;
use leptos::prelude::*;

pub fn status_card(app: AppState, lang: Lang) -> AnyView {
    let (member, ledger, rewards) = (app.member.get(), app.ledger.get(), app.rewards.get());
    let (Some(status), Some(programme)) = (&member.status, &member.programme) else {
        return nothing();
    };
    let tier_name = |reference: &str| {
        programme
            .tier(reference)
            .map(|tier| tier.name.get(lang).to_owned())
            .unwrap_or_default()
    };
    let tier = tier_name(&status.tier);
    let ladder = match &status.next {
        Some(gap) => {
            let next = tier_name(&gap.tier);
            let words = text::missing_for(lang, &text::points(lang, gap.missing), &next);
            let goal = status.points + gap.missing;
            view! {
                {bar(words.clone(), status.points, goal)}
                <p class="ladder">{words}</p>
            }
            .into_any()
        }
        None => line("ladder", text::top_tier(lang)),
    };
    let purse = |wallet: Wallet, view: &WalletView| {
        let mut more = Vec::new();
        if view.to_confirm > 0 {
            more.push(text::points_to_confirm(lang, view.to_confirm));
        }
        if view.reserved > 0 {
            more.push(text::points_reserved(lang, view.reserved));
        }
        view! {
                <a class="purse" href=Route::points(wallet).path()>
                    <span class="purse-name">{text::wallet(lang, wallet)}</span>
                    <strong class="figure">{text::number(lang, view.available)}</strong>
                    <span class="detail">{if more.is_empty() { text::confirmed_points(lang).to_owned() } else { more.join(" · ") }}</span>
                </a>
        }
        .into_any()
    };
    let today = format::day_of(app, app.now.get());
    let expiring = ledger.own.expiring(today, 60).map(|(day, points)| {
        line(
            "hint",
            text::expire_on(lang, &text::points(lang, points), &format::day(lang, day)),
        )
    });
    let buyer = Buyer {
        member: &member,
        ledger: &ledger,
    };
    let reach = rewards.within_reach(buyer).len() as i64;
    let worth = rewards.worth(buyer).map(|(reward, missing)| {
        let title = reward.title.get(lang);
        detail(if missing > 0 {
            text::missing_for_reward(lang, &text::points(lang, missing), title)
        } else {
            text::worth_up_to(lang, title)
        })
    });
    view! {
        <section class="card status" aria-label=text::my_status(lang)>
            <a class="tier" href=Route::Company.path()>
                <span>
                    <span class="detail">{text::status(lang)}</span>
                    " "
                    <strong>{tier}</strong>
                </span>
                {icon(Icon::Next)}
            </a>
            {ladder}
            <div class="purses">{purse(Wallet::Own, &ledger.own)}
                {ledger.company.as_ref().map(|view| purse(Wallet::Company, view))}</div>
            <a class="worth" href=Route::Rewards.path()>
                <span class="row-text">
                    <strong>{text::rewards_within_reach(lang, reach)}</strong>
                    {worth}
                </span>
                {icon(Icon::Next)}
            </a>
            {expiring}
        </section>
    }
    .into_any()
}
