//! The points page: the balance, the next expiry, and the history.

use super::view::{LedgerView, WalletView};
use crate::format;
use crate::routes::Route;
use crate::text;
use crate::ui::{detail, empty, heading, line, live, nothing, section};
use domain::Lang;
use domain::ledger::{Line, Month, Wallet};
use leptos::prelude::*;

pub fn points_page(asked: Wallet) -> AnyView {
    live(move |app, lang| page(&app.ledger.get(), lang, asked))
}

fn page(view: &LedgerView, lang: Lang, asked: Wallet) -> AnyView {
    let (asked, wallet) = match (asked, &view.company) {
        (Wallet::Company, Some(company)) => (Wallet::Company, company),
        _ => (Wallet::Own, &view.own),
    };
    let choice = view.company.is_some().then(|| {
        let one = |one: Wallet| {
            view! {
                <a
                    class="button"
                    href=Route::points(one).path()
                    aria-current=(asked == one).then_some("page")
                >
                    {text::wallet(lang, one)}
                </a>
            }
            .into_any()
        };
        view! { <div class="segments">{one(Wallet::Own)}{one(Wallet::Company)}</div> }
    });
    let months: Vec<AnyView> = view
        .months
        .iter()
        .filter(|month| month.wallet == asked)
        .map(|month| month_part(month, lang))
        .collect();
    let none = months.is_empty().then(|| empty(text::no_points_yet(lang)));
    view! {
        {heading(text::wallet(lang, asked))}
        {choice}
        {figures(wallet, lang)}
        {lots(wallet, lang)}
        {none}
        {months}
    }
    .into_any()
}

fn figures(wallet: &WalletView, lang: Lang) -> AnyView {
    let one = |name: &'static str, points: i64| {
        view! {
            <div>
                <dt>{name}</dt>
                <dd class="figure">{text::number(lang, points)}</dd>
            </div>
        }
        .into_any()
    };
    let short = (wallet.available < 0).then(|| line("hint", text::negative_points(lang)));
    view! {
        <dl class="card figures">
            {one(text::confirmed(lang), wallet.available)}{one(text::to_confirm(lang), wallet.to_confirm)}
            {one(text::reserved(lang), wallet.reserved)}
        </dl>
        {short}
    }
    .into_any()
}

fn lots(wallet: &WalletView, lang: Lang) -> AnyView {
    let expiring: Vec<AnyView> = wallet
        .expiries()
        .map(|expiry| {
            view! {
                <li class="line">
                    <span class="row-text">
                        <strong>{text::expires_on(lang, &format::day(lang, expiry.on))}</strong>
                        {detail(text::earned_on(lang, &format::day(lang, expiry.earned_on)))}
                    </span>
                    <span class="amount">{text::points(lang, expiry.points)}</span>
                </li>
            }
            .into_any()
        })
        .collect();
    if expiring.is_empty() {
        return nothing();
    }
    let rest = (wallet.later > 0).then(|| {
        line(
            "hint",
            text::later_points(lang, &text::points(lang, wallet.later)),
        )
    });
    let all = expiring.len();
    let mut expiring = expiring.into_iter();
    let soon: Vec<AnyView> = expiring.by_ref().take(3).collect();
    let later: Vec<AnyView> = expiring.collect();
    let more = (!later.is_empty()).then(|| {
        view! {
            <details>
                <summary>{text::all_lots(lang, all as i64)}</summary>
                <ul class="lines">{later}</ul>
            </details>
        }
    });
    section(
        text::expires_next(lang),
        view! {
            <ul class="lines">{soon}</ul>
            {more}
            {rest}
        }
        .into_any(),
    )
}

fn month_part(month: &Month, lang: Lang) -> AnyView {
    let lines: Vec<AnyView> = month.lines.iter().map(|line| line_row(line, lang)).collect();
    let title = format::month(lang, &month.month);
    let cut = month.cut.then(|| line("hint", text::latest_lines(lang)));
    section(
        &title,
        view! {
            <ul class="lines">{lines}</ul>
            {cut}
        }
        .into_any(),
    )
}

fn line_row(line: &Line, lang: Lang) -> AnyView {
    // An expiry date applies only to points credited here.
    let until = line
        .expires_on
        .filter(|_| line.points > 0)
        .map(|day| text::until(lang, &format::day(lang, day)));
    let small = [Some(format::short_day(lang, line.on)), until]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(" · ");
    let class = if line.points < 0 {
        "amount out"
    } else {
        "amount in"
    };
    view! {
        <li class="line">
            <span class="row-text">
                <strong>{text::reason(lang, &line.reason)}</strong>
                {detail(small)}
            </span>
            <span class=class>{text::signed(lang, line.points)}</span>
        </li>
    }
    .into_any()
}
