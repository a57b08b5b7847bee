//! What a tap does: opens a screen, or saves an act and says what came of it.

use crate::address;
use crate::browser::app_state::AppState;
use crate::format;
use crate::routes::Route;
use crate::text;
use domain::id::CommandId;
use domain::{Command, Error, Timestamp, Verdict};
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// Opens a screen.
pub fn open(route: &Route) {
    address::go(route.path(), false);
}

/// Opens a screen in place of this one: the way back does not lead here again.
pub fn open_instead(route: &Route) {
    address::go(route.path(), true);
}

/// Does something and says what came of it; `then` runs once it is saved on the phone.
///
/// A second tap before that is the same tap of an impatient thumb: it does nothing.
pub fn submit(
    app: AppState,
    command: Command,
    draft: Option<String>,
    then: impl FnOnce(CommandId) + 'static,
) {
    let lang = app.lang.get_untracked();
    one_at_a_time(app, async move {
        match app.submit(command, draft).await {
            Ok(id) => {
                app.toast(text::saved_on_phone(lang));
                then(id);
            }
            Err(_) => app.toast(text::could_not_save(lang)),
        }
    });
}

/// Does something in passing, without a word.
pub fn submit_silently(app: AppState, command: Command) {
    one_at_a_time(app, async move {
        let _ = app.submit(command, None).await;
    });
}

fn one_at_a_time(app: AppState, act: impl Future<Output = ()> + 'static) {
    if app.submitting.get_untracked() {
        return;
    }
    app.submitting.set(true);
    spawn_local(async move {
        act.await;
        app.submitting.set(false);
    });
}

/// A refusal in words.
pub fn refusal(app: AppState, error: &Error) -> String {
    text::error_text(error, app.lang.get(), &|at: Timestamp| format::moment(app, at))
}

/// What the server said to an act, in words.
pub fn verdict_text(app: AppState, verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Confirmed(receipt) => Some(text::receipt_text(receipt, app.lang.get())),
        Verdict::Refused(error) => Some(refusal(app, error)),
        Verdict::Failed => None,
        Verdict::Newer => Some(text::verdict_newer(app.lang.get()).to_owned()),
    }
}
