//! Startup of the member app: offline, if the phone knows its member.

use crate::browser::app_state::{AppState, BootState};
use crate::browser::identity::{self, Who};
use crate::browser::js;
use crate::shell::member_app;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// Identifies the member, loads their data and mounts the app.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| js::panicked(&panic.to_string())));
    spawn_local(async {
        let lang = identity::stored_language().await;
        let owner = Owner::new();
        let app = owner.with(|| AppState::new(lang));
        // The signals live as long as the page.
        std::mem::forget(owner);
        match identity::who().await {
            Who::Member(who) => app.load(who).await,
            who => {
                // A sign-out may have been cut off.
                let _ = js::leave_others().await;
                app.ended.set(identity::was_ended().await);
                // Who was signed out by somebody else is told so first.
                if who == Who::Nobody && !app.ended.get_untracked() {
                    let _ = window().location().replace("/sign-in");
                    return;
                }
                app.boot.set(BootState::SignedOut);
            }
        }
        js::yield_to_browser().await;
        mount_to_body(move || member_app(app));
        app.listen();
        if app.boot.get_untracked() == BootState::SignedOut {
            return;
        }
        // In slices, so that a slow phone can draw and handle input in between: the frame, the top of the screen, the
        // rest.
        js::yield_to_browser().await;
        app.show();
        js::yield_to_browser().await;
        app.below_fold_ready.set(true);
        js::set_timeout(100, move || app.sync());
    });
}
