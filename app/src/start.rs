//! The start of the member app: from the phone when the phone knows its member, without a network.

use crate::browser::identity::{self, Who};
use crate::browser::js;
use crate::browser::live::{App, Stage};
use crate::frame::member_app;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// Reads who it is and what they have, and shows it.
pub fn start() {
    std::panic::set_hook(Box::new(|panic| js::panicked(&panic.to_string())));
    spawn_local(async {
        let lang = identity::spoken().await;
        let owner = Owner::new();
        let app = owner.with(|| App::new(lang));
        // The signals live as long as the page.
        std::mem::forget(owner);
        match identity::who().await {
            Who::Member(who) => app.load(who).await,
            Who::Nobody => {
                let _ = window().location().replace("/sign-in");
                return;
            }
            Who::Unknown => app.stage.set(Stage::SignedOut),
        }
        js::breathe().await;
        mount_to_body(move || member_app(app));
        app.listen();
        if app.stage.get_untracked() == Stage::SignedOut {
            return;
        }
        // In slices, so that a slow phone draws and answers in between: the frame, the top of the screen, the rest.
        js::breathe().await;
        app.show();
        js::breathe().await;
        app.settled.set(true);
        js::after(100, move || app.sync());
    });
}
