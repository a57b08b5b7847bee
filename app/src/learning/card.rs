//! Home card: a course in progress.

use crate::browser::app_state::AppState;
use crate::routes::Route;
use crate::text;
use crate::ui::{bar, detail, nothing, row, rows, section};
use domain::Lang;
use leptos::prelude::*;

pub fn card(app: AppState, lang: Lang) -> AnyView {
    let learning = app.learning.get();
    let Some(view) = learning.to_continue() else {
        return nothing();
    };
    let route = match view.next_lesson() {
        Some(lesson) => Route::Lesson(view.course.id, lesson.to_owned()),
        None => Route::Course(view.course.id),
    };
    let read = view.lessons_read() as i64;
    let all = view.course.lessons.len() as i64;
    let words = text::lessons_read(lang, read, all);
    section(
        text::go_on(lang),
        rows(vec![row(
            &route,
            view.course.title.get(lang),
            view! { {bar(words.clone(), read, all)}{detail(words)} }.into_any(),
            nothing(),
        )]),
    )
}
