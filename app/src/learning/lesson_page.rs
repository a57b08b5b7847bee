//! One lesson, in short cards.

use crate::actions::{open, submit};
use crate::routes::Route;
use crate::text;
use crate::ui::{button_link, heading, live, not_there, nothing, primary_action, rich_text};
use domain::id::CourseId;
use domain::{Command, learning};
use leptos::prelude::*;

pub fn lesson_page(id: CourseId, name: String) -> AnyView {
    live(move |app, lang| {
        let learning = app.learning.get();
        let found = learning.course(id).and_then(|view| {
            Some((
                view,
                view.course
                    .lessons
                    .iter()
                    .position(|lesson| lesson.lesson == name)?,
            ))
        });
        let Some((view, at)) = found else {
            return not_there(lang, &Route::Course(id));
        };
        let course = &view.course;
        let lesson = &course.lessons[at];
        let after = match course.lessons.get(at + 1) {
            Some(next) => Route::Lesson(id, next.lesson.clone()),
            None => Route::Course(id),
        };
        let last = at + 1 == course.lessons.len();
        let read = view.is_read(&lesson.lesson);
        let label = match (read, last) {
            (false, false) => text::read_and_next(lang),
            (false, true) => text::read_and_done(lang),
            (true, false) => text::next_lesson(lang),
            (true, true) => text::back_to_course(lang),
        };
        let command = Command::Learning(learning::Command::ReadLesson {
            course: id,
            lesson: lesson.lesson.clone(),
        });
        let before = match at.checked_sub(1) {
            Some(before) => button_link(
                "quiet",
                &Route::Lesson(id, course.lessons[before].lesson.clone()),
                text::lesson_before(lang),
            ),
            None => nothing(),
        };
        view! {
            <p class="detail">
                {format!("{} · {}", course.title.get(lang), text::lesson_of(lang, at + 1, course.lessons.len()))}
            </p>
            {heading(lesson.title.get(lang))}
            <article class="lesson">{rich_text(lesson.html.get(lang))}</article>
            {primary_action(
                label,
                None,
                move |_| {
                    if read {
                        open(&after);
                    } else {
                        let after = after.clone();
                        submit(
                            app,
                            command.clone(),
                            None,
                            move |_| open(&after),
                        );
                    }
                },
            )}
            {before}
        }
        .into_any()
    })
}
