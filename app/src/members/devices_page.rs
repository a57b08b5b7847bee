//! The signed-in phones and browsers, and signing one out.

use crate::actions::submit;
use crate::format;
use crate::routes::Route;
use crate::text;
use crate::ui::{button, button_link, chip, detail, empty, heading, line, live, nothing};
use domain::{Command, members};
use leptos::prelude::*;

pub fn devices_page() -> AnyView {
    live(|app, lang| {
        let view = app.member.get();
        let list: Vec<AnyView> = view
            .devices
            .iter()
            .map(|device| {
                let session = device.session;
                let here = view.this_phone == Some(session);
                let end = if here {
                    button_link("quiet", &Route::SignOut, text::sign_out_this(lang))
                } else if view.ending.contains(&session) {
                    line("hint", text::ending(lang))
                } else {
                    button("quiet", text::sign_out_this(lang), move |_| {
                        submit(
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
                            {if here { chip("mine", text::this_phone(lang)) } else { nothing() }}
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
