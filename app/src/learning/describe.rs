//! What the activity page says of an act.

use crate::activity::view::ActView;
use crate::browser::app_state::AppState;
use crate::feature::Described;
use crate::routes::Route;
use crate::text;
use domain::Lang;
use domain::learning::Command;

pub fn describe(app: AppState, act: &ActView, lang: Lang) -> Option<Described> {
    let command: Command = act.command()?;
    let course = command.course();
    let learning = app.learning.get();
    let known = learning.course(course);
    let title = known.map_or(text::something(lang), |view| view.course.title.get(lang));
    let (words, route) = match command {
        Command::ReadLesson { .. } => (text::act_lesson(lang, title), Route::Course(course)),
        Command::FinishPractice { .. } => (text::act_practice(lang, title), Route::Course(course)),
        Command::HandInQuiz { .. } => (text::act_quiz(lang, title), Route::Attempt(course, act.id)),
    };
    Some(Described {
        words,
        route: known.map(|_| route),
        minor: false,
    })
}
