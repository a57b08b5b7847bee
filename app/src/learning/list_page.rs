//! All courses, those for the member's trade first.

use super::view::CourseView;
use crate::home::gain;
use crate::icon::{Icon, icon};
use crate::parts::{bar, detail, empty, heading, live, nothing, row, rows, section};
use crate::route::Route;
use crate::text;
use domain::Lang;
use leptos::prelude::*;

pub fn list_page() -> AnyView {
    live(|app, lang| {
        let learning = app.learning.get();
        let part = |mine: bool, title: &'static str| {
            let found: Vec<AnyView> = learning
                .courses
                .iter()
                .filter(|view| view.mine == mine)
                .map(|view| course_row(view, lang))
                .collect();
            if found.is_empty() {
                nothing()
            } else {
                section(title, rows(found))
            }
        };
        let none = learning.courses.is_empty().then(|| empty(text::no_courses(lang)));
        view! {
            {heading(text::tab_learn(lang))}
            {none}
            {part(true, text::courses_for_me(lang))}
            {part(false, text::other_courses(lang))}
        }
        .into_any()
    })
}

fn course_row(view: &CourseView, lang: Lang) -> AnyView {
    let course = &view.course;
    let (read, all) = (view.lessons_read() as i64, course.lessons.len() as i64);
    let progress = if view.begun() && !view.done() {
        bar(text::lessons_read(lang, read, all), read, all)
    } else {
        nothing()
    };
    let small = if view.passed_on.is_some() {
        text::passed(lang).to_owned()
    } else if view.unmarked.is_some() {
        text::handed_in(lang).to_owned()
    } else {
        format!(
            "{} · {}",
            text::minutes(lang, i64::from(course.minutes)),
            text::lessons(lang, all)
        )
    };
    let end = if view.passed_on.is_some() {
        view! { <span class="state confirmed">{icon(Icon::Done)}</span> }.into_any()
    } else {
        gain(lang, course.points)
    };
    row(
        &Route::Course(course.id),
        course.title.get(lang),
        view! { {detail(small)}{progress} }.into_any(),
        end,
    )
}
