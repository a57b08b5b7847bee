//! The home page: cards of the features, the most important first.

use super::suggestions::{EarningSuggestion, earning_suggestions};
use crate::browser::app_state::AppState;
use crate::format;
use crate::routes::Route;
use crate::ui::{app, detail, heading, live, nothing, row, rows, section};
use crate::{events, learning, members, notices, text};
use domain::Lang;
use leptos::prelude::*;

pub fn home_page() -> AnyView {
    let app = app();
    view! {
        {live(greeting)}
        {live(notices::card)}
        {live(members::status_card)}
        {move || {
            app.below_fold_ready
                .get()
                .then(|| view! { {live(suggestions)}{live(events::card)}{live(learning::card)} })
        }}
    }
    .into_any()
}

fn greeting(app: AppState, lang: Lang) -> AnyView {
    let member = app.member.get();
    let name = member
        .me
        .as_ref()
        .map(|me| me.name.split(' ').next().unwrap_or_default());
    heading(text::hello(lang, name.unwrap_or_default()))
}

fn suggestions(app: AppState, lang: Lang) -> AnyView {
    let (member, learning) = (app.member.get(), app.learning.get());
    let list: Vec<AnyView> = earning_suggestions(&member, &learning)
        .into_iter()
        .map(|suggestion| match suggestion {
            EarningSuggestion::Course { course, begun } => row(
                &Route::Course(course.id),
                course.title.get(lang),
                detail(if begun {
                    text::course_begun(lang, &text::minutes(lang, i64::from(course.minutes)))
                } else {
                    text::course_in(lang, &text::minutes(lang, i64::from(course.minutes)))
                }),
                gain(lang, course.points),
            ),
            EarningSuggestion::OrdersToTier { amount, points } => orders(
                text::orders_to_tier(lang, &format::money(app, amount)),
                text::orders_to_tier_detail(lang),
                lang,
                points,
            ),
            EarningSuggestion::Orders { amount, points } => orders(
                text::orders(lang, &format::money(app, amount)),
                text::orders_detail(lang),
                lang,
                points,
            ),
        })
        .collect();
    if list.is_empty() {
        return nothing();
    }
    section(text::gets_you_there(lang), rows(list))
}

fn orders(title: String, small: &'static str, lang: Lang, points: i64) -> AnyView {
    row(&Route::Company, title, detail(small), gain(lang, points))
}

/// A gain in points.
pub fn gain(lang: Lang, points: i64) -> AnyView {
    view! {
        <span class="gain">
            {text::signed(lang, points)}
            <span class="unseen">{format!(" {}", text::points_word(lang))}</span>
        </span>
    }
    .into_any()
}
