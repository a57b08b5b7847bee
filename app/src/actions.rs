//! Actions of a tap: open a screen, or save an act and show its outcome.

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

/// Opens a screen in place of this one; the back button does not return here.
pub fn open_instead(route: &Route) {
    address::go(route.path(), true);
}

/// Saves a command and shows a toast; `then` runs once it is saved on the phone.
///
/// A second tap before that does nothing.
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

/// Saves a command without a toast.
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

/// The text of a refusal.
pub fn refusal(app: AppState, error: &Error) -> String {
    text::error_text(error, app.lang.get(), &|at: Timestamp| format::moment(app, at))
}

/// The text of the server's verdict.
pub fn verdict_text(app: AppState, verdict: &Verdict) -> Option<String> {
    match verdict {
        Verdict::Confirmed(receipt) => Some(text::receipt_text(receipt, app.lang.get())),
        Verdict::Refused(error) => Some(refusal(app, error)),
        Verdict::Failed => None,
        Verdict::Newer => Some(text::verdict_newer(app.lang.get()).to_owned()),
    }
}
