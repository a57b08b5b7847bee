//! The first screen: where the member stands, what the points are worth, what gets them further.

use crate::browser::live::App;
use crate::events::{event_row, tile};
use crate::format;
use crate::icon::{Icon, icon};
use crate::parts::{act_quietly, bar, detail, heading, line, live, nothing, row, rows, section};
use crate::phone::view::{Seat, View, Way};
use crate::route::Route;
use crate::text;
use domain::ledger::Wallet;
use domain::notices::{self, About};
use domain::{Command, Lang};
use leptos::prelude::*;

pub fn home_page() -> AnyView {
    live(|app, view, lang| {
        let below = view.clone();
        let name = view
            .me
            .as_deref()
            .map(|me| me.name.split(' ').next().unwrap_or_default().to_owned());
        view! {
            {heading(text::hello(lang, &name.unwrap_or_default()))}
            {news(app, view, lang)}
            {status_card(app, view, lang)}
            {move || {
                app.settled
                    .get()
                    .then(|| {
                        view! {
                            {ways(app, &below, lang)}
                            {next_event(app, &below, lang)}
                            {to_continue(&below, lang)}
                        }
                    })
            }}
        }
        .into_any()
    })
}

fn status_card(app: App, view: &View, lang: Lang) -> AnyView {
    let (Some(status), Some(programme)) = (view.status.as_deref(), view.programme.as_deref()) else {
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
    let purse = |wallet: Wallet| {
        let purse = match wallet {
            Wallet::Own => Some(&view.own),
            Wallet::Company => view.company.as_ref(),
            Wallet::Newer => None,
        }?;
        let mut more = Vec::new();
        if purse.to_confirm > 0 {
            more.push(text::points_to_confirm(lang, purse.to_confirm));
        }
        if purse.reserved > 0 {
            more.push(text::points_reserved(lang, purse.reserved));
        }
        Some(
            view! {
                <a class="purse" href=Route::Points(wallet).path()>
                    <span class="purse-name">{text::wallet(lang, wallet)}</span>
                    <strong class="figure">{text::number(lang, purse.available)}</strong>
                    <span class="detail">{if more.is_empty() { text::confirmed_points(lang).to_owned() } else { more.join(" · ") }}</span>
                </a>
            }
            .into_any(),
        )
    };
    let today = format::day_of(app, app.now.get());
    let expiring = View::expiring(&view.own, today, 60).map(|(day, points)| {
        line(
            "hint",
            text::expire_on(lang, &text::points(lang, points), &format::day(lang, day)),
        )
    });
    let reach = view.within_reach().len() as i64;
    let worth = view.worth().map(|(reward, missing)| {
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
            <div class="purses">{purse(Wallet::Own)}{purse(Wallet::Company)}</div>
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

fn ways(app: App, view: &View, lang: Lang) -> AnyView {
    let ways: Vec<AnyView> = view
        .gets_you_there()
        .into_iter()
        .map(|way| match way {
            Way::Course { course, begun } => row(
                &Route::Course(course.id),
                course.title.get(lang),
                detail(if begun {
                    text::course_begun(lang, &text::minutes(lang, i64::from(course.minutes)))
                } else {
                    text::course_in(lang, &text::minutes(lang, i64::from(course.minutes)))
                }),
                gain(lang, course.points),
            ),
            Way::OrdersToTier { amount, points } => orders(
                text::orders_to_tier(lang, &format::money(app, amount)),
                text::orders_to_tier_detail(lang),
                lang,
                points,
            ),
            Way::Orders { amount, points } => orders(
                text::orders(lang, &format::money(app, amount)),
                text::orders_detail(lang),
                lang,
                points,
            ),
        })
        .collect();
    if ways.is_empty() {
        return nothing();
    }
    section(text::gets_you_there(lang), rows(ways))
}

fn orders(title: String, small: &'static str, lang: Lang, points: i64) -> AnyView {
    row(&Route::Company, title, detail(small), gain(lang, points))
}

/// What something brings, in points.
pub fn gain(lang: Lang, points: i64) -> AnyView {
    view! {
        <span class="gain">
            {text::signed(lang, points)}
            <span class="unseen">{format!(" {}", text::points_word(lang))}</span>
        </span>
    }
    .into_any()
}

fn next_event(app: App, view: &View, lang: Lang) -> AnyView {
    let now = app.now.get();
    if let Some(mine) = view.next_mine(now) {
        let event = &mine.event;
        let ticket = matches!(mine.seat, Seat::Joined(_)).then(|| {
            view! {
                <a class="button primary" href=Route::Ticket(event.id).path()>
                    {icon(Icon::Ticket)}
                    <span>{text::my_ticket(lang)}</span>
                </a>
            }
        });
        return section(
            text::my_next_event(lang),
            view! {
                <div class="card next">
                    <a class="event" href=Route::Event(event.id).path()>
                        {tile(app, event.starts_at)}
                        <span class="row-text">
                            <strong>{event.title.get(lang).to_owned()}</strong>
                            {detail(format::time(app, event.starts_at))}
                        </span>
                    </a>
                    {ticket}
                </div>
            }
            .into_any(),
        );
    }
    match view.next_open(now) {
        Some(open) => section(
            text::next_event(lang),
            rows(vec![event_row(app, view, open, lang)]),
        ),
        None => nothing(),
    }
}

fn to_continue(view: &View, lang: Lang) -> AnyView {
    let Some(course) = view.to_continue() else {
        return nothing();
    };
    let route = match course.next_lesson() {
        Some(lesson) => Route::Lesson(course.course.id, lesson.to_owned()),
        None => Route::Course(course.course.id),
    };
    let read = course.lessons_read() as i64;
    let all = course.course.lessons.len() as i64;
    let words = text::lessons_read(lang, read, all);
    section(
        text::go_on(lang),
        rows(vec![row(
            &route,
            course.course.title.get(lang),
            view! { {bar(words.clone(), read, all)}{detail(words)} }.into_any(),
            nothing(),
        )]),
    )
}

fn news(app: App, view: &View, lang: Lang) -> AnyView {
    let unread: Vec<AnyView> = view
        .notices
        .iter()
        .filter(|notice| !notice.read)
        .take(3)
        .map(|now| {
            let notice = &now.notice;
            let id = notice.id;
            let route = match &notice.about {
                About::SeatFree { event, .. } | About::EventCancelled { event, .. } => Route::Event(*event),
                About::TierReached { .. } => Route::Company,
                About::Newer(_) => Route::Activity,
                About::RequestMoved { title, .. } => {
                    view.only_request(title).map_or(Route::Rewards, Route::Request)
                }
            };
            let words = text::notice_text(&notice.about, lang);
            view! {
                <li class="notice">
                    <p>
                        <a href=route.path()>{words.clone()}</a>
                        " "
                        {detail(format::as_of(app, notice.at))}
                    </p>
                    <button
                        type="button"
                        class="button quiet"
                        aria-label=format!("{} – {}", text::mark_read(lang), words)
                        on:click=move |_| {
                            act_quietly(app, Command::Notices(notices::Command::MarkRead { notice: id }));
                        }
                    >
                        {text::mark_read(lang)}
                    </button>
                </li>
            }
            .into_any()
        })
        .collect();
    if unread.is_empty() {
        return nothing();
    }
    view! {
        <section class="part news" aria-label=text::news(lang)>
            <ul>{unread}</ul>
        </section>
    }
    .into_any()
}
