//! What the activity page says of an act.

use crate::activity::view::ActView;
use crate::browser::app_state::AppState;
use crate::feature::Described;
use crate::routes::Route;
use crate::text;
use domain::Lang;
use domain::events::Command;

pub fn describe(app: AppState, act: &ActView, lang: Lang) -> Option<Described> {
    let command: Command = act.command()?;
    let (Command::Join { event } | Command::Leave { event }) = command;
    let events = app.events.get();
    let known = events.event(event);
    let title = known.map_or(text::something(lang), |view| view.event.title.get(lang));
    Some(Described {
        words: match command {
            Command::Join { .. } => text::act_join(lang, title),
            Command::Leave { .. } => text::act_leave(lang, title),
        },
        route: known.map(|_| Route::Event(event)),
        minor: false,
    })
}
