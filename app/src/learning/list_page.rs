//! All courses, those for the member's trade first.

use super::view::CourseView;
use crate::browser::app_state::AppState;
use crate::browser::derived::Derived;
use crate::home::gain;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use crate::text;
use crate::ui::{app, bar, detail, empty, heading, keyed_section, live, nothing, row};
use domain::Lang;
use domain::id::CourseId;
use leptos::prelude::*;
use uuid::Uuid;

pub fn list_page() -> AnyView {
    let app = app();
    let part = |mine: bool, title: fn(Lang) -> &'static str| {
        let keys = Derived::new(move || {
            let learning = app.learning.get();
            let courses = learning.courses.iter();
            courses
                .filter(|view| view.mine == mine)
                .map(|view| view.course.id.0)
                .collect()
        });
        keyed_section(title, keys, find, course_row)
    };
    let none = Derived::new(move || app.learning.get().courses.is_empty());
    view! {
        {live(|_, lang| heading(text::tab_learn(lang)))}
        {live(move |_, lang| if *none.get() { empty(text::no_courses(lang)) } else { nothing() })}
        {part(true, text::courses_for_me)}
        {part(false, text::other_courses)}
    }
    .into_any()
}

fn find(app: AppState, id: Uuid) -> Option<CourseView> {
    app.learning.get().course(CourseId(id)).cloned()
}

fn course_row(_: AppState, view: &CourseView, lang: Lang) -> AnyView {
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
    } else if view.paid {
        nothing()
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
