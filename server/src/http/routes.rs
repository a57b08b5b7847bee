//! Every route with its access. The router is built from this list only; the tests use the same list and call each
//! route as every kind of caller, so that a response that differs from the declared access is found.
//!
//! # Who can call
//! A visitor without a session, or with an ended or expired one, or a member with a live one, who may be their
//! company's manager. There is no back office yet: the programme lists the brand's staff, but they cannot sign in, no
//! session belongs to them, and no route treats them differently from visitors.

use super::{Shared, api, calls, client_files, operations, public};
use app::calls::Call;
use app::members::calls::ListColleagues;
use axum::Router;
use axum::extract::{Request, State};
use axum::handler::Handler;
use axum::http::Method;
use axum::routing::{MethodRouter, get, post};
use domain::sync::MOST_BYTES;

/// Access of a route, and the response to callers without it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The same for everybody, with any session or none: it contains no member data.
    Everybody,
    /// As `Everybody`, but callers with a session are redirected to the app.
    Visitors,
    /// A step of signing in. It belongs to the sign-in that this browser began; a session makes no difference.
    SigningIn,
    /// Members with a live session, all alike. Others get `signed_out`.
    Members,
    /// As `Members`, but only managers of their company. Other members get `not_allowed`.
    Managers,
    /// Members with a live session, acting for and about themselves. Others get `signed_out`, and a request that names
    /// another member gets `wrong_member`.
    Own,
    /// The caller's identity: members with a live session get their own, others get `null`.
    Oneself,
    /// Ends the caller's session; the same response if there is none.
    Leaving,
    /// Operators: with the metrics token, or from the machine itself. Others get 404.
    Operators,
}

/// The body that a route reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// The body is ignored.
    Nothing,
    /// A page's form, up to [`MOST_FORM_BYTES`].
    Form,
    /// JSON up to `most` bytes.
    Json { most: usize },
}

/// Maximum size of a form.
pub const MOST_FORM_BYTES: usize = 8 * 1024;

/// Maximum size of the arguments of a function with a few short ones.
const MOST_ARGUMENT_BYTES: usize = 4 * 1024;

/// A method of a path.
pub struct Route {
    pub method: Method,
    /// In axum's syntax: `/media/{hash}`.
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

    /// A function called by the app, at its own path. `access`: `Members` or `Managers`; `most`: maximum size of the
    /// arguments in bytes.
    fn call<F: Call>(access: Access, most: usize) -> Route {
        let handler =
            move |State(app): State<Shared>, request: Request| calls::call::<F>(app, access, most, request);
        Route::post(F::PATH, access, Takes::Json { most }, handler)
    }
}

/// Returns all routes.
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
        Route::post("/sign-in/who", SigningIn, Form, public::choose),
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

/// Builds the router from the list; everything else gets 404 or 405.
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
