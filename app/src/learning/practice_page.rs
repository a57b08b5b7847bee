//! Practice: immediate feedback, any number of times.

use super::question::{first_answer, plain_number, question_form};
use crate::actions::submit_silently;
use crate::browser::app_state::AppState;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use crate::text;
use crate::ui::{app, button_link, heading, line, not_there, primary_action};
use domain::id::CourseId;
use domain::learning::{Course, Form, Given, Key, Practice};
use domain::{Command, Lang, learning};
use leptos::prelude::*;
use std::sync::Arc;

#[derive(Clone, Copy)]
struct Training {
    at: RwSignal<usize>,
    given: RwSignal<Option<Given>>,
    checked: RwSignal<bool>,
    right: RwSignal<u32>,
}

pub fn practice_page(id: CourseId) -> AnyView {
    let app = app();
    let learning = app.learning.get_untracked();
    let course = learning.course(id).map(|view| view.course.clone());
    let Some(course) = course.filter(|course| !course.practice.is_empty()) else {
        return not_there(app.lang.get_untracked(), &Route::Course(id));
    };
    let training = Training {
        at: RwSignal::new(0),
        given: RwSignal::new(first_answer(&course.practice[0].question.form)),
        checked: RwSignal::new(false),
        right: RwSignal::new(0),
    };
    (move || match course.practice.get(training.at.get()) {
        Some(practice) => asked(app, &course, practice, training),
        None => finished(app, &course, training),
    })
    .into_any()
}

fn asked(app: AppState, course: &Arc<Course>, practice: &Practice, training: Training) -> AnyView {
    let lang = app.lang.get();
    let Training {
        at,
        given,
        checked,
        right,
    } = training;
    let place = at.get_untracked();
    let all = course.practice.len();
    let course = course.clone();
    let practice = practice.clone();
    let question = question_form(app, &practice.question, given, checked.into());
    let check = practice.clone();
    let feedback = move || {
        if !checked.get() {
            return ().into_any();
        }
        let lang = app.lang.get();
        let good = given.with(|given| given.as_ref().is_some_and(|given| practice.key.marks(given)));
        let (class, sign, words) = if good {
            ("feedback right", Icon::Done, text::right(lang))
        } else {
            ("feedback wrong", Icon::Refused, text::wrong(lang))
        };
        let answer = (!good).then(|| right_answer(lang, &practice));
        view! {
            <div class=class>
                <p>
                    <strong>{icon(sign)} {words}</strong>
                </p>
                {answer.map(|answer| line("", answer))}
                {line("", practice.explanation.get(lang))}
            </div>
        }
        .into_any()
    };
    let forward = move || {
        let lang = app.lang.get();
        let course = course.clone();
        let check = check.clone();
        if checked.get() {
            let last = place + 1 == course.practice.len();
            primary_action(
                if last {
                    text::finish(lang)
                } else {
                    text::next_question(lang)
                },
                None,
                move |_| {
                    if last {
                        submit_silently(
                            app,
                            Command::Learning(learning::Command::FinishPractice { course: course.id }),
                        );
                    }
                    let next = course.practice.get(place + 1);
                    given.set(next.and_then(|next| first_answer(&next.question.form)));
                    checked.set(false);
                    at.set(place + 1);
                },
            )
        } else {
            let why = given
                .with(|given| given.is_none())
                .then(|| text::answer_first(lang).to_owned());
            primary_action(text::check(lang), why, move |_| {
                if given.with_untracked(|given| given.as_ref().is_some_and(|given| check.key.marks(given))) {
                    right.update(|right| *right += 1);
                }
                checked.set(true);
            })
        }
    };
    view! {
        {super::quiz_page::place_in(lang, place, all)}
        {question}
        <div role="status">{feedback}</div>
        {forward}
    }
    .into_any()
}

fn right_answer(lang: Lang, practice: &Practice) -> String {
    let name = |options: &[domain::Text], place: u8| {
        options
            .get(usize::from(place))
            .map(|option| option.get(lang).to_owned())
            .unwrap_or_default()
    };
    let answer = match (&practice.key, &practice.question.form) {
        (Key::Exactly(Given::Single(place)), Form::Single { options }) => name(options, *place),
        (Key::Exactly(Given::Multiple(places)), Form::Multiple { options }) => places
            .iter()
            .map(|place| name(options, *place))
            .collect::<Vec<_>>()
            .join(" · "),
        (Key::Exactly(Given::Ordering(places)), Form::Ordering { options }) => places
            .iter()
            .map(|place| name(options, *place))
            .collect::<Vec<_>>()
            .join(" → "),
        (Key::Exactly(Given::TrueFalse(is)), _) => {
            if *is {
                text::is_true(lang).to_owned()
            } else {
                text::is_false(lang).to_owned()
            }
        }
        (Key::Near { value, .. } | Key::Exactly(Given::Number(value)), Form::Number { unit }) => {
            format!("{}\u{202f}{unit}", plain_number(lang, *value))
        }
        _ => return String::new(),
    };
    text::the_answer(lang, &answer)
}

fn finished(app: AppState, course: &Arc<Course>, training: Training) -> AnyView {
    let lang = app.lang.get();
    let all = course.practice.len() as u32;
    let id = course.id;
    let quiz = (!course.graded.is_empty()).then(|| {
        button_link(
            "primary",
            &Route::Quiz(id),
            text::take_quiz(lang, &text::questions(lang, course.graded.len() as i64)),
        )
    });
    view! {
        {heading(text::practice_done(lang))}
        <p class="figure">{text::right_of(lang, training.right.get(), all)}</p>
        {line("hint", text::practice_done_hint(lang))}
        <div class="actions">{quiz}{button_link("", &Route::Course(id), text::back_to_course(lang))}</div>
    }
    .into_any()
}
