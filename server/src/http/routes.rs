//! Every route, with who may ask for it. The router is made from this list and from nothing else; the tests go through
//! the same list and ask each route as every kind of caller, so an answer that differs from what is declared is found.
//!
//! # Who can call
//! Somebody without a session, with one that was ended or has run out, or a member with a live one, who may be their
//! company's manager. There is no back office yet: the staff of the brand is listed by the programme but has no
//! way to sign in, no session can be theirs, and no route has more to say to them than to anybody.

use super::{Shared, api, calls, client_files, operations, public};
use app::calls::Call;
use app::members::calls::ListColleagues;
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};
use domain::sync::MOST_BYTES;

/// Who may ask, and what they and others hear.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The same for everybody, whatever session they bring: nothing of any member is in it.
    Everybody,
    /// As `Everybody`, but who brings a session is sent on to the app.
    Visitors,
    /// A step of signing in. It belongs to the sign-in that this browser began; a session adds nothing to it.
    SigningIn,
    /// Members with a live session, all alike. Others hear `signed_out`.
    Members,
    /// As `Members`, but only those who are their company's manager. Other members hear `not_allowed`.
    Managers,
    /// Members with a live session, about themselves and as themselves. Others hear `signed_out`, and who names another
    /// member `wrong_member`.
    Own,
    /// Who one is: members with a live session about themselves, `null` for others.
    Oneself,
    /// Ends the session that is brought; the same answer where there is none.
    Leaving,
    /// Those who run the server: with its token, or on the machine itself. For others it is not there.
    Operators,
}

/// What a route reads of a request's body.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// A body is not looked at.
    Nothing,
    /// A form of a page, up to [`MOST_FORM_BYTES`].
    Form,
    /// JSON up to so many bytes.
    Json { most: usize },
}

/// Largest form.
pub const MOST_FORM_BYTES: usize = 8 * 1024;

/// Largest arguments of a function that takes a few short ones.
const MOST_ARGUMENT_BYTES: usize = 4 * 1024;

/// A method of a path.
pub struct Route {
    pub method: Method,
    /// As axum writes it: `/media/{hash}`.
    pub path: &'static str,
    pub access: Access,
    pub takes: Takes,
    handler: MethodRouter<Shared>,
}

impl Route {
    fn get<T: 'static>(path: &'static str, access: Access, handler: impl Handler<T, Shared>) -> Route {
        Route {
            method: Method::GET,
            path,
            access,
            takes: Takes::Nothing,
            handler: get(handler),
        }
    }

    fn post<T: 'static>(
        path: &'static str,
        access: Access,
        takes: Takes,
        handler: impl Handler<T, Shared>,
    ) -> Route {
        Route {
            method: Method::POST,
            path,
            access,
            takes,
            handler: post(handler),
        }
    }

    /// A function that the app calls, at its own path. `access`: `Members` or `Managers`; `most`: the largest
    /// arguments, in bytes.
    fn call<F: Call>(access: Access, most: usize) -> Route {
        let handler =
            move |State(app): State<Shared>, request: Request| calls::call::<F>(app, access, most, request);
        Route::post(F::PATH, access, Takes::Json { most }, handler)
    }
}

/// All routes.
pub fn routes() -> Vec<Route> {
    use Access::{Everybody, Leaving, Managers, Members, Oneself, Operators, Own, SigningIn, Visitors};
    use Takes::{Form, Json, Nothing};
    let sync = Json { most: MOST_BYTES };
    let crash = Json {
        most: api::MOST_CRASH_BYTES,
    };
    vec![
        Route::get("/", Visitors, public::landing),
        Route::get("/legal", Everybody, public::legal),
        Route::get("/e/{event}", Everybody, public::event),
        Route::get("/sign-in", SigningIn, public::sign_in),
        Route::post("/sign-in", SigningIn, Form, public::send_code),
        Route::get("/sign-in/code", SigningIn, public::code),
        Route::post("/sign-in/code", SigningIn, Form, public::check_code),
        Route::post("/sign-in/again", SigningIn, Nothing, public::send_again),
        Route::get("/invitation", SigningIn, public::invitation),
        Route::post("/invitation", SigningIn, Form, public::accept_invitation),
        Route::get("/invitation/{code}", SigningIn, public::scanned_invitation),
        Route::get("/app", Everybody, client_files::shell),
        Route::get("/app/{*rest}", Everybody, client_files::shell),
        Route::get("/v/{build}/{*path}", Everybody, client_files::versioned),
        Route::get("/sw.js", Everybody, client_files::worker),
        Route::get("/brand.css", Everybody, client_files::style),
        Route::get("/manifest.webmanifest", Everybody, client_files::manifest),
        Route::get("/favicon.svg", Everybody, client_files::favicon),
        Route::get("/favicon.ico", Everybody, client_files::favicon),
        Route::get("/icons/{name}", Everybody, client_files::icon),
        Route::get("/robots.txt", Everybody, client_files::robots),
        Route::get("/media/{hash}", Members, api::picture),
        Route::get("/api/session", Oneself, api::session),
        Route::post("/api/sync", Own, sync, api::sync),
        Route::call::<ListColleagues>(Managers, MOST_ARGUMENT_BYTES),
        Route::post("/api/sign-out", Leaving, Nothing, api::sign_out),
        Route::post("/api/crash", Everybody, crash, api::crash),
        Route::get("/healthz", Everybody, operations::healthz),
        Route::get("/readyz", Everybody, operations::readyz),
        Route::get("/metrics", Operators, operations::metrics),
    ]
}

/// The router of the list; whatever else is asked for leads nowhere.
pub(super) fn router() -> Router<Shared> {
    routes()
        .into_iter()
        .fold(Router::new(), |router, route| {
            router.route(route.path, route.handler)
        })
        .fallback(public::nowhere)
        .method_not_allowed_fallback(public::wrong_method)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_function_is_in_the_list_and_is_a_post() {
        let mut functions = app::calls::registered();
        let listed = routes().into_iter().map(|route| (route.path, route.method));
        let mut listed: Vec<_> = listed
            .filter(|(path, _)| path.starts_with("/api/call/"))
            .collect();
        assert!(!functions.is_empty());
        for (path, method) in &functions {
            assert_eq!(method, Method::POST, "{path}");
        }
        let by_path = |(path, _): &(&'static str, Method)| *path;
        functions.sort_by_key(by_path);
        listed.sort_by_key(by_path);
        assert_eq!(functions, listed);
    }
}
