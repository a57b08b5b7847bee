//! The phones and browsers that are signed in, and signing one out.

use crate::format;
use crate::parts::{act, button, detail, empty, heading, line, live};
use crate::text;
use domain::{Command, members};
use leptos::prelude::*;

pub fn devices_page() -> AnyView {
    live(|app, view, lang| {
        let list: Vec<AnyView> = view
            .devices
            .iter()
            .map(|device| {
                let session = device.session;
                let end = if view.ending.contains(&session) {
                    line("hint", text::ending(lang))
                } else {
                    button("quiet", text::sign_out_this(lang), move |_| {
                        act(
                            app,
                            Command::Members(members::Command::SignOutDevice { session }),
                            None,
                            |_| {},
                        );
                    })
                };
                view! {
                    <li class="line">
                        <span class="row-text">
                            <strong>{device.name.clone()}</strong>
                            {detail(text::since(lang, &format::as_of(app, device.signed_in_at)))}
                        </span>
                        {end}
                    </li>
                }
                .into_any()
            })
            .collect();
        let none = list.is_empty().then(|| empty(text::no_devices(lang)));
        view! {
            {heading(text::devices_title(lang))}
            {line("hint", text::devices_hint(lang))}
            {none}
            <ul class="lines">{list}</ul>
        }
        .into_any()
    })
}
