//! Renders a call: a placeholder, then the result, or the error and what to do.

use super::ApiError;
use crate::actions::refusal;
use crate::browser::app_state::{AppState, ConnectionState};
use crate::browser::js;
use crate::text;
use crate::ui::{app, button, line, nothing};
use domain::Lang;
use leptos::prelude::*;
use wasm_bindgen_futures::spawn_local;

/// Runs the call and shows its result. After a network failure it retries once the network is back, or when the member
/// requests it.
pub fn asked<T, F>(call: fn() -> F, show: fn(AppState, Lang, &T) -> AnyView) -> AnyView
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<T, ApiError>> + 'static,
{
    let app = app();
    let answer = RwSignal::new(None);
    let ask = move || {
        answer.set(None);
        spawn_local(async move {
            let result = call().await;
            if matches!(result, Err(ApiError::Unreachable)) {
                // A sync round updates the connection state, shown above the screen.
                app.sync();
            }
            answer.set(Some(result));
        });
    };
    ask();
    Effect::new(move |_| {
        let online = app.connection.get() == ConnectionState::Online;
        if online && answer.with_untracked(|answer| matches!(answer, Some(Err(ApiError::Unreachable)))) {
            ask();
        }
    });
    (move || {
        answer.with(|answer| match answer {
            None => coming(),
            Some(Ok(result)) => show(app, app.lang.get(), result),
            Some(Err(error)) => failed(app, error, ask),
        })
    })
    .into_any()
}

fn coming() -> AnyView {
    view! {
        <div class="skeleton" aria-hidden="true">
            <div class="skeleton-line"></div>
            <div class="skeleton-line"></div>
            <div class="skeleton-line"></div>
        </div>
    }
    .into_any()
}

fn failed(app: AppState, error: &ApiError, ask: impl Fn() + 'static) -> AnyView {
    let lang = app.lang.get();
    let again = || button("primary", text::try_again(lang), move |_| ask());
    let (words, way) = match error {
        ApiError::Unreachable => (text::needs_network(lang).to_owned(), again()),
        ApiError::Busy => (text::server_busy(lang).to_owned(), again()),
        ApiError::Internal { request_id } => (text::server_failed(lang, request_id), again()),
        ApiError::SignedOut => (
            text::session_over(lang).to_owned(),
            view! { <a class="button" href="/sign-in" rel="external">{text::sign_in(lang)}</a> }.into_any(),
        ),
        ApiError::Unreadable => (
            text::needs_newer_app(lang).to_owned(),
            button("", text::reload(lang), |_| js::apply_update()),
        ),
        ApiError::NotAllowed => (text::error_not_found(lang).to_owned(), nothing()),
        ApiError::Rejected(error) => (refusal(app, error), nothing()),
    };
    view! {
        <div role="status">{line("empty", words)}</div>
        {way}
    }
    .into_any()
}
