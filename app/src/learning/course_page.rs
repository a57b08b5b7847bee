//! One course: its lessons, its practice, its quiz, and the pictures kept offline.

use super::view::CourseView;
use crate::browser::app_state::AppState;
use crate::browser::js;
use crate::format;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use crate::text;
use crate::ui::{
    app, button_link, chip, detail, heading, line, live, not_there, nothing, row, rows, section,
};
use domain::Lang;
use domain::id::CourseId;
use domain::learning::Course;
use leptos::prelude::*;
use std::sync::Arc;
use wasm_bindgen_futures::spawn_local;

pub fn course_page(id: CourseId) -> AnyView {
    let app = app();
    let keeping = Keeping::new();
    let learning = app.learning.get_untracked();
    let pictures = learning.course(id).map(|view| picture_urls(&view.course));
    keeping.look(pictures.unwrap_or_default());
    live(move |app, lang| match app.learning.get().course(id) {
        Some(view) => course(app, view, lang, keeping),
        None => not_there(lang, &Route::Learn),
    })
}

fn course(app: AppState, view: &CourseView, lang: Lang, keeping: Keeping) -> AnyView {
    let course = view.course.clone();
    let id = course.id;
    let facts = [
        text::minutes(lang, i64::from(course.minutes)),
        text::lessons(lang, course.lessons.len() as i64),
        if view.paid {
            text::points_received(lang).to_owned()
        } else {
            text::points(lang, course.points)
        },
    ]
    .join(" · ");
    let lessons: Vec<AnyView> = course
        .lessons
        .iter()
        .enumerate()
        .map(|(at, lesson)| {
            let read = view.is_read(&lesson.lesson);
            row(
                &Route::Lesson(id, lesson.lesson.clone()),
                format!("{}. {}", at + 1, lesson.title.get(lang)),
                if read {
                    detail(text::lesson_read(lang))
                } else {
                    nothing()
                },
                if read {
                    view! { <span class="state confirmed">{icon(Icon::Done)}</span> }.into_any()
                } else {
                    nothing()
                },
            )
        })
        .collect();
    view! {
        {heading(course.title.get(lang))}
        {line("lead", course.summary.get(lang))}
        {line("facts", facts)}
        {mark(view, lang)}
        {section(text::the_lessons(lang), rows(lessons))}
        {keep_switch(app, &course, lang, keeping)}
        {quizzes(app, view, lang)}
        {attempts(app, view, lang)}
    }
    .into_any()
}

/// The passed mark, or a submitted quiz that is not marked yet.
fn mark(view: &CourseView, lang: Lang) -> AnyView {
    if let Some(day) = view.passed_on {
        return view! {
            <p class="card mark">
                {icon(Icon::Done)}
                <span>
                    <strong>{text::passed(lang)}</strong>
                    {detail(text::passed_on(lang, &format::day(lang, day)))}
                </span>
            </p>
        }
        .into_any();
    }
    match view.unmarked {
        Some(attempt) => rows(vec![row(
            &Route::Attempt(view.course.id, attempt),
            text::handed_in(lang),
            detail(text::marked_later(lang)),
            nothing(),
        )]),
        None => nothing(),
    }
}

fn quizzes(app: AppState, view: &CourseView, lang: Lang) -> AnyView {
    let course = &view.course;
    let practice = (!course.practice.is_empty()).then(|| {
        let words = text::practise(lang, &text::questions(lang, course.practice.len() as i64));
        button_link("", &Route::Practice(course.id), words)
    });
    let quiz = (!course.graded.is_empty()).then(|| {
        let words = if view.done() {
            text::take_quiz_again(lang).to_owned()
        } else {
            text::take_quiz(lang, &text::questions(lang, course.graded.len() as i64))
        };
        let why = if view.passed_on.is_some() {
            text::quiz_again_hint(lang).to_owned()
        } else if view.paid {
            text::quiz_paid_hint(lang, course.pass_mark)
        } else {
            text::quiz_hint(lang, course.pass_mark, &text::points(lang, course.points))
        };
        view! {
            {line("hint", why)}
            {pause(app, view, lang)}
            {button_link(if view.done() { "" } else { "primary" }, &Route::Quiz(course.id), words)}
        }
        .into_any()
    });
    section(
        text::check_yourself(lang),
        view! { <div class="actions">{practice}{quiz}</div> }.into_any(),
    )
}

/// When the next try is possible, if not now.
pub fn pause(app: AppState, view: &CourseView, lang: Lang) -> Option<AnyView> {
    let next = view.next_try(app.now.get())?;
    Some(line("why", text::next_try(lang, &format::moment(app, next))))
}

fn attempts(app: AppState, view: &CourseView, lang: Lang) -> AnyView {
    if view.attempts.is_empty() {
        return nothing();
    }
    let list = view
        .attempts
        .iter()
        .map(|attempt| {
            let result = &attempt.result;
            row(
                &Route::Attempt(view.course.id, attempt.id),
                text::right_of(lang, result.right, result.of),
                detail(format::as_of(app, attempt.at)),
                if result.passed {
                    chip("many", text::passed(lang))
                } else {
                    chip("none", text::not_passed(lang))
                },
            )
        })
        .collect();
    section(text::my_tries(lang), rows(list))
}

/// State of the lessons' pictures: whether they are on the phone, and the progress of a download.
#[derive(Clone, Copy)]
struct Keeping {
    kept: RwSignal<Option<bool>>,
    progress: RwSignal<Option<(u32, u32)>>,
    failed: RwSignal<bool>,
}

fn picture_urls(course: &Course) -> Vec<String> {
    let mut urls: Vec<String> = Vec::new();
    for picture in course.lessons.iter().flat_map(|lesson| &lesson.pictures) {
        if !urls.contains(&picture.url) {
            urls.push(picture.url.clone());
        }
    }
    urls
}

impl Keeping {
    fn new() -> Keeping {
        Keeping {
            kept: RwSignal::new(None),
            progress: RwSignal::new(None),
            failed: RwSignal::new(false),
        }
    }

    fn look(self, urls: Vec<String>) {
        if urls.is_empty() {
            return;
        }
        spawn_local(async move {
            let all = js::kept(urls)
                .await
                .is_ok_and(|kept| js_sys::Array::from(&kept).iter().all(|one| one.is_truthy()));
            self.kept.try_set(Some(all));
        });
    }

    fn change(self, urls: Vec<String>, keep: bool) {
        self.failed.set(false);
        spawn_local(async move {
            let done = if keep {
                self.progress.set(Some((0, urls.len() as u32)));
                let told = wasm_bindgen::closure::Closure::<dyn FnMut(u32, u32)>::new(move |done, all| {
                    self.progress.try_set(Some((done, all)));
                });
                let done = js::keep(urls, wasm_bindgen::JsCast::unchecked_ref(told.as_ref())).await;
                self.progress.try_set(None);
                done
            } else {
                js::unkeep(urls).await
            };
            match done {
                Ok(_) => self.kept.try_set(Some(keep)),
                Err(_) => self.failed.try_set(true).map(|_| None),
            };
        });
    }
}

fn keep_switch(app: AppState, course: &Arc<Course>, lang: Lang, keeping: Keeping) -> AnyView {
    let urls = picture_urls(course);
    if urls.is_empty() {
        return nothing();
    }
    let mut seen: Vec<&str> = Vec::new();
    let mut bytes = 0u64;
    for picture in course.lessons.iter().flat_map(|lesson| &lesson.pictures) {
        if !seen.contains(&picture.url.as_str()) {
            seen.push(&picture.url);
            bytes += u64::from(picture.bytes);
        }
    }
    let size = format::size(lang, bytes);
    let small = move || {
        if let Some((done, all)) = keeping.progress.get() {
            text::downloading(app.lang.get(), done, all)
        } else if keeping.failed.get() {
            text::download_failed(app.lang.get()).to_owned()
        } else if keeping.kept.get() == Some(true) {
            text::pictures_here(app.lang.get(), &size)
        } else {
            text::pictures_size(app.lang.get(), &size)
        }
    };
    view! {
        <label class="switch">
            <span class="row-text">
                <strong>{text::keep_pictures(lang)}</strong>
                <span class="detail" role="status">
                    {small}
                </span>
            </span>
            <input
                type="checkbox"
                role="switch"
                prop:checked=move || keeping.kept.get() == Some(true)
                prop:disabled=move || keeping.progress.get().is_some()
                on:change=move |event| keeping.change(urls.clone(), event_target_checked(&event))
            />
        </label>
    }
    .into_any()
}
