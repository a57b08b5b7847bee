//! The graded quiz: one question per screen, back and forth, a saved draft, and the result.

use super::course_page::pause;
use super::draft::{self, TakenUp};
use super::question::{first_answer, question_form};
use super::view::CourseView;
use crate::actions::{open_instead, submit};
use crate::activity::view::ActView;
use crate::browser::app_state::AppState;
use crate::format;
use crate::icon::{Icon, icon};
use crate::routes::Route;
use crate::text;
use crate::ui::{
    app, button, button_link, detail, heading, line, live, not_there, nothing, primary_action, row, rows,
    section, state,
};
use domain::id::{CommandId, CourseId};
use domain::learning::{Answer, Attempt, Course, Given};
use domain::{Command, Lang, learning};
use leptos::prelude::*;
use std::sync::Arc;

/// The state of a quiz in progress.
#[derive(Clone, Copy)]
struct Quiz {
    /// One entry for each question.
    answers: RwSignal<Vec<Option<Given>>>,
    /// Index of the current question; the number of questions means the summary.
    at: RwSignal<usize>,
    /// The answer on the screen.
    given: RwSignal<Option<Given>>,
}

/// "Question 2 of 8" above a question.
pub fn place_in(lang: Lang, at: usize, of: usize) -> AnyView {
    line("detail", text::question_of(lang, at + 1, of))
}

pub fn quiz_page(id: CourseId) -> AnyView {
    let app = app();
    let learning = app.learning.get_untracked();
    let course = learning.course(id).map(|view| view.course.clone());
    let Some(course) = course.filter(|course| !course.graded.is_empty()) else {
        return not_there(app.lang.get_untracked(), &Route::Course(id));
    };
    if !course.can_be_taken() {
        let lang = app.lang.get_untracked();
        return view! {
            {heading(course.title.get(lang))}
            {line("lead", text::newer_quiz(lang))}
            <div class="actions">
                {button_link("primary", &Route::Course(id), text::back_to_course(lang))}
            </div>
        }
        .into_any();
    }
    let (quiz, note) = taken_up(app, &course);
    keep(app, &course, quiz);
    let screen = move || {
        let at = quiz.at.get();
        if at < course.graded.len() {
            asked(app, &course, quiz, at)
        } else {
            summary(app, &course, quiz)
        }
    };
    view! {
        {note}
        {screen}
    }
    .into_any()
}

/// Restores the quiz from its draft, or starts a new one; with what there is to say of answers given before.
fn taken_up(app: AppState, course: &Course) -> (Quiz, AnyView) {
    let lang = app.lang.get_untracked();
    let (TakenUp { answers, gone }, returned) = answers_before(app, course);
    let note = if !gone.is_empty() {
        line(
            "why",
            format!("{} {}", text::quiz_changed(lang), gone.join(" · ")),
        )
    } else if returned {
        line("hint", text::answers_returned(lang))
    } else {
        nothing()
    };
    let at = answers.iter().position(Option::is_none).unwrap_or(answers.len());
    let given = answers.get(at).cloned().flatten();
    let quiz = Quiz {
        answers: RwSignal::new(answers),
        at: RwSignal::new(at),
        given: RwSignal::new(given.or_else(|| course.graded.get(at).and_then(|it| first_answer(&it.form)))),
    };
    (quiz, note)
}

/// The answers of the draft, or of a quiz that was handed in too soon (then `true`).
fn answers_before(app: AppState, course: &Course) -> (TakenUp, bool) {
    let lang = app.lang.get_untracked();
    let key = draft::key(course.id);
    let mut drafts = app.drafts_under(&key);
    if !drafts.is_empty() {
        // The draft, or else the last one of an app of before.
        let (own, text) = match drafts.iter().position(|(own, _)| *own == key) {
            Some(at) => drafts.swap_remove(at),
            None => drafts.swap_remove(drafts.len() - 1),
        };
        let taken = draft::take_up(course, draft::read(course, &own, &text, lang));
        if own != key || !drafts.is_empty() {
            for (old, _) in drafts.iter().chain([&(own, text)]).filter(|(old, _)| *old != key) {
                app.keep_draft(old, String::new());
            }
            app.keep_draft(&key, draft::write(course, &taken.answers, lang));
        }
        return (taken, false);
    }
    let returned = draft::returned(&app.activity.get_untracked(), course.id);
    let (version, answers) = returned.unwrap_or_default();
    let drafted = draft::answers_of(course, version, answers, lang);
    let taken = draft::take_up(course, drafted);
    let some = taken.answers.iter().any(Option::is_some);
    (taken, some)
}

/// Saves each change to the draft.
fn keep(app: AppState, course: &Arc<Course>, quiz: Quiz) {
    let course = course.clone();
    Effect::new(move |began: Option<()>| {
        let given = quiz.given.get();
        let at = quiz.at.get_untracked();
        if began.is_none() {
            return;
        }
        quiz.answers.update(|answers| {
            if let Some(place) = answers.get_mut(at) {
                *place = given;
            }
        });
        let text = quiz
            .answers
            .with_untracked(|answers| draft::write(&course, answers, app.lang.get_untracked()));
        if !text.is_empty() {
            app.keep_draft(&draft::key(course.id), text);
        }
    });
}

fn given_so_far(course: &Course, quiz: Quiz) -> Vec<Answer> {
    quiz.answers.with_untracked(|answers| {
        course
            .graded
            .iter()
            .zip(answers)
            .filter_map(|(question, given)| {
                Some(Answer {
                    question: question.question.clone(),
                    given: given.clone()?,
                })
            })
            .collect()
    })
}

fn turn_to(course: &Course, quiz: Quiz, at: usize) {
    // An ordering left as shown is an answer too.
    let here = quiz.at.get_untracked();
    let given = quiz.given.get_untracked();
    quiz.answers.update(|answers| {
        if let Some(place) = answers.get_mut(here) {
            *place = given;
        }
    });
    quiz.at.set(at);
    let known = quiz
        .answers
        .with_untracked(|answers| answers.get(at).cloned().flatten());
    quiz.given.set(known.or_else(|| {
        course
            .graded
            .get(at)
            .and_then(|question| first_answer(&question.form))
    }));
}

fn asked(app: AppState, course: &Arc<Course>, quiz: Quiz, at: usize) -> AnyView {
    let lang = app.lang.get();
    let all = course.graded.len();
    let form = question_form(app, &course.graded[at], quiz.given, Signal::stored(false));
    let (forth, back) = (course.clone(), course.clone());
    let forward = move || {
        let lang = app.lang.get();
        let last = at + 1 == all;
        let why = quiz
            .given
            .with(|given| given.is_none())
            .then(|| text::answer_or_skip(lang));
        let label = if last {
            text::to_summary(lang)
        } else {
            text::next_question(lang)
        };
        let forth = forth.clone();
        view! {
            <div class="main-action">
                {why.map(|why| line("why", why))}
                {button("primary", label, move |_| turn_to(&forth, quiz, at + 1))}
            </div>
        }
        .into_any()
    };
    let before = if at > 0 {
        button("quiet", text::question_before(lang), move |_| {
            turn_to(&back, quiz, at - 1)
        })
    } else {
        nothing()
    };
    view! {
        {place_in(lang, at, all)}
        <progress class="bar" aria-label=text::question_of(lang, at + 1, all) max=all.to_string() value=at.to_string()></progress>
        {form}
        {forward}
        {before}
        {line("hint", text::draft_kept(lang))}
    }
    .into_any()
}

fn summary(app: AppState, course: &Arc<Course>, quiz: Quiz) -> AnyView {
    let lang = app.lang.get();
    let answers = quiz.answers.get();
    let open = answers.iter().filter(|given| given.is_none()).count();
    let list: Vec<AnyView> = course
        .graded
        .iter()
        .zip(&answers)
        .enumerate()
        .map(|(at, (question, given))| {
            let course = course.clone();
            let answered = given.is_some();
            view! {
                <li>
                    <button type="button" class="row" on:click=move |_| turn_to(&course, quiz, at)>
                        <span class="row-text">
                            <strong>{format!("{}. {}", at + 1, question.prompt.get(lang))}</strong>
                            {detail(if answered { text::answered(lang) } else { text::unanswered(lang) })}
                        </span>
                        <span class="row-end">{icon(if answered { Icon::Done } else { Icon::Stuck })}</span>
                    </button>
                </li>
            }
            .into_any()
        })
        .collect();
    let learning = app.learning.get();
    let next = learning
        .course(course.id)
        .and_then(|view| view.next_try(app.now.get()));
    let why = if open > 0 {
        Some(text::some_unanswered(lang, open as i64))
    } else {
        next.map(|next| text::next_try(lang, &format::moment(app, next)))
    };
    let handed = course.clone();
    view! {
        {heading(text::hand_in_title(lang))}
        {line("hint", text::hand_in_hint(lang))}
        {rows(list)}
        {primary_action(
            text::hand_in(lang),
            why,
            move |_| {
                let command = Command::Learning(learning::Command::HandInQuiz {
                    course: handed.id,
                    version: handed.version,
                    answers: given_so_far(&handed, quiz),
                });
                let id = handed.id;
                submit(
                    app,
                    command,
                    Some(draft::key(handed.id)),
                    move |attempt| open_instead(&Route::Attempt(id, attempt)),
                );
            },
        )}
    }
    .into_any()
}

/// The result of a submitted quiz.
pub fn attempt_page(id: CourseId, attempt: CommandId) -> AnyView {
    live(move |app, lang| {
        let learning = app.learning.get();
        let Some(view) = learning.course(id) else {
            return not_there(lang, &Route::Learn);
        };
        if let Some(done) = view.attempts.iter().find(|known| known.id == attempt) {
            return marked(app, view, done, lang);
        }
        match app.activity.get().act(attempt) {
            Some(act) => unmarked(app, act, view, lang),
            None => not_there(lang, &Route::Course(id)),
        }
    })
}

fn unmarked(app: AppState, act: &ActView, view: &CourseView, lang: Lang) -> AnyView {
    let course = &view.course;
    let verdict = act.outcome.as_ref().map(|outcome| &outcome.verdict);
    let words = verdict.and_then(|verdict| crate::actions::verdict_text(app, verdict));
    let waiting = words.is_none();
    view! {
        {heading(if waiting { text::handed_in(lang) } else { text::not_counted(lang) })}
        {state(lang, act.state)}
        {line("lead", words.unwrap_or_else(|| text::marked_later(lang).to_owned()))}
        {(waiting && !view.paid).then(|| line("hint", text::points_to_come(lang, &text::points(lang, course.points))))}
        <div class="actions">
            {button_link("primary", &Route::Course(course.id), text::back_to_course(lang))}
        </div>
    }
    .into_any()
}

fn marked(app: AppState, view: &CourseView, attempt: &Attempt, lang: Lang) -> AnyView {
    let course = &view.course;
    let result = &attempt.result;
    let review: Vec<AnyView> = result
        .review
        .iter()
        .map(|review| {
            let lesson = course
                .lessons
                .iter()
                .find(|lesson| lesson.lesson == review.lesson);
            let prompt = course
                .graded
                .iter()
                .find(|question| question.question == review.question)
                .map(|question| question.prompt.get(lang).to_owned());
            let explanation = review.explanation.as_ref().map(|text| text.get(lang).to_owned());
            row(
                &Route::Lesson(course.id, review.lesson.clone()),
                prompt.unwrap_or_default(),
                view! {
                    {explanation.map(detail)}
                    {lesson.map(|lesson| detail(text::read_again(lang, lesson.title.get(lang))))}
                }
                .into_any(),
                nothing(),
            )
        })
        .collect();
    let untold = review.is_empty();
    let review = if untold {
        nothing()
    } else {
        section(text::to_review(lang), rows(review))
    };
    let paid = if result.points > 0 {
        line("gain", text::gain(lang, &text::number(lang, result.points)))
    } else {
        match result.unpaid {
            Some(unpaid) => line("hint", text::unpaid_text(unpaid, lang)),
            None => nothing(),
        }
    };
    let (title, class) = if result.passed {
        (text::passed(lang), "card mark shine")
    } else {
        (text::not_passed(lang), "card mark")
    };
    view! {
        {heading(title)}
        <div class=class>
            {icon(if result.passed { Icon::Done } else { Icon::Learn })}
            <span>
                <strong>{course.title.get(lang).to_owned()}</strong>
                <span class="figure">{text::right_of(lang, result.right, result.of)}</span>
                {paid}
            </span>
        </div>
        {(!result.passed).then(|| line("hint", text::not_passed_hint(lang, course.pass_mark)))}
        {(!result.passed && untold).then(|| line("hint", text::wrong_ones_later(lang)))}
        {(!result.passed).then(|| pause(app, view, lang))}
        {review}
        <div class="actions">
            {if result.passed {
                button_link("primary", &Route::Learn, text::other_courses_link(lang))
            } else {
                button_link("primary", &Route::Quiz(course.id), text::take_quiz_again(lang))
            }}
            {button_link("", &Route::Course(course.id), text::back_to_course(lang))}
        </div>
    }
    .into_any()
}
