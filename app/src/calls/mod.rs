//! Server functions that the app calls online: reads and changes outside the replica. Each is written once, with
//! `#[server]`: on the server it is the function, in the app the request.
//!
//! # How to add one
//! 1. Its use case in `backend`, and its return type in `domain`.
//! 2. The function, in its feature's `calls.rs`, with `protocol = JsonPost`, `server = crate::calls::Axum`, and an
//!    `endpoint` that stays the same for as long as there are apps that call it.
//! 3. Its line in the server's list of routes: `Route::call::<ItsType>(access, most)`. Without that line it cannot be
//!    reached, and a test fails.
//! 4. At the call site, `asked` renders the waiting state and the errors.
//!
//! # Why not the defaults of `server_fn`
//! Its JSON deserializer would cost the app a quarter of its size; its client has no timeout; its server side returns
//! 500 for every refusal, redirects browsers to the `Referer`, and reads bodies of any type. `JsonPost` and `run`
//! replace all four.

#[cfg(feature = "csr")]
mod screen;

use crate::phone::json;
use http::Method;
use leptos::server_fn::client::Client;
use leptos::server_fn::error::{FromServerFnError, ServerFnErrorErr};
use leptos::server_fn::request::Req;
use leptos::server_fn::response::TryRes;
use leptos::server_fn::server::Server;
use leptos::server_fn::{Bytes, ContentType, Decodes, Encodes, Format, FormatType, Protocol};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[cfg(feature = "csr")]
pub use screen::asked;

/// The error of a call. On the wire it is its permanent code, `{"code": …}`, under its HTTP status.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "code", rename_all = "snake_case")]
pub enum ApiError {
    /// No session, or an expired one.
    SignedOut,
    /// The member may not call this function.
    NotAllowed,
    /// Unreadable request or response: the app is older or newer than the server.
    Unreadable,
    /// No response: no network, or a timeout.
    Unreachable,
    /// The server is busy; a retry may succeed.
    Busy,
    /// The server failed; `request_id` identifies the reason in its log.
    Internal { request_id: String },
    /// The cause of a server failure. Never sent: it is logged, and the caller gets `Internal` or `Busy`.
    #[cfg(feature = "ssr")]
    #[serde(skip)]
    Failed(backend::Error),
    /// Refused by a rule.
    #[serde(untagged)]
    Rejected(domain::Error),
    /// Invalid input. No function of the member app takes input that could be invalid, so the app does not read this.
    #[cfg(feature = "ssr")]
    #[serde(untagged)]
    Input(domain::InputError),
}

impl FromServerFnError for ApiError {
    type Encoder = Json;

    fn from_server_fn_error(error: ServerFnErrorErr) -> ApiError {
        match error {
            ServerFnErrorErr::Request(_) => ApiError::Unreachable,
            #[cfg(feature = "ssr")]
            ServerFnErrorErr::Serialization(said) => ApiError::Failed(backend::Error::Invariant(said)),
            _ => ApiError::Unreadable,
        }
    }
}

/// The wire format: JSON, written by `serde_json`, read by the phone's small deserializer.
pub struct Json;

impl ContentType for Json {
    const CONTENT_TYPE: &'static str = "application/json";
}

impl FormatType for Json {
    const FORMAT_TYPE: Format = Format::Text;
}

impl<T: Serialize> Encodes<T> for Json {
    type Error = serde_json::Error;

    fn encode(value: &T) -> Result<Bytes, serde_json::Error> {
        serde_json::to_vec(value).map(Bytes::from)
    }
}

impl<T: DeserializeOwned> Decodes<T> for Json {
    type Error = &'static str;

    fn decode(bytes: Bytes) -> Result<T, &'static str> {
        let text = std::str::from_utf8(&bytes).ok();
        text.and_then(json::read).ok_or("unreadable")
    }
}

/// Sends arguments and result as [`Json`], always by POST, also for reads: the guard against cross-site requests checks
/// POSTs.
pub struct JsonPost;

impl<I, O, C, S> Protocol<I, O, C, S, ApiError> for JsonPost
where
    I: Serialize + DeserializeOwned + Send,
    O: Serialize + DeserializeOwned + Send,
    C: Client<ApiError>,
    S: Server<ApiError>,
{
    const METHOD: Method = Method::POST;

    async fn run_server<F, Fut>(request: S::Request, function: F) -> Result<S::Response, ApiError>
    where
        F: Fn(I) -> Fut + Send,
        Fut: Future<Output = Result<O, ApiError>> + Send,
    {
        let arguments = decoded(request.try_into_bytes().await?)?;
        let result = encoded(&function(arguments).await?)?;
        S::Response::try_from_bytes(Json::CONTENT_TYPE, result)
    }

    #[cfg(feature = "csr")]
    async fn run_client(path: &str, arguments: I) -> Result<O, ApiError> {
        let body = serde_json::to_string(&arguments).map_err(|_| ApiError::Unreadable)?;
        let text = send_wrapper::SendWrapper::new(post(path, &body)).await?;
        json::read(&text).ok_or(ApiError::Unreadable)
    }

    /// Unused: the server runs the function itself.
    #[cfg(not(feature = "csr"))]
    async fn run_client(_: &str, _: I) -> Result<O, ApiError> {
        Err(ApiError::Unreachable)
    }
}

fn decoded<T: DeserializeOwned>(bytes: Bytes) -> Result<T, ApiError> {
    Json::decode(bytes).map_err(|_| ApiError::Unreadable)
}

fn encoded<T: Serialize>(value: &T) -> Result<Bytes, ApiError> {
    let error = |error: serde_json::Error| ServerFnErrorErr::Serialization(error.to_string());
    Json::encode(value).map_err(|said| ApiError::from_server_fn_error(error(said)))
}

/// Timeout of a call, in milliseconds.
#[cfg(feature = "csr")]
const CALL_TIMEOUT: u32 = 15_000;

#[cfg(feature = "csr")]
async fn post(path: &str, body: &str) -> Result<String, ApiError> {
    let Ok(posted) = crate::browser::js::post(path, body, CALL_TIMEOUT).await else {
        return Err(ApiError::Unreachable);
    };
    match posted.status() {
        200 => Ok(posted.body()),
        status => Err(refused(status, &posted.body())),
    }
}

/// Converts an error response.
///
/// Why by the status: a proxy before the server sends its own bodies, and parsing all codes would enlarge the app.
#[cfg(any(feature = "csr", test))]
fn refused(status: u16, body: &str) -> ApiError {
    #[derive(Deserialize)]
    struct Failure {
        request_id: String,
    }
    match status {
        0 => ApiError::Unreachable,
        401 => ApiError::SignedOut,
        403 => ApiError::NotAllowed,
        404 | 409 => json::read(body).map_or(ApiError::Unreadable, ApiError::Rejected),
        500 => ApiError::Internal {
            request_id: json::read(body).map_or(String::new(), |Failure { request_id }| request_id),
        },
        429 | 501.. => ApiError::Busy,
        _ => ApiError::Unreadable,
    }
}

#[cfg(feature = "ssr")]
mod server {
    use super::{ApiError, decoded, encoded};
    use backend::caller::Caller;
    use domain::Lang;
    use leptos::prelude::{Owner, provide_context, use_context};
    use leptos::reactive::computed::ScopedFuture;
    use leptos::server_fn::axum::server_fn_paths;
    use leptos::server_fn::{Bytes, ServerFn};
    use serde::Serialize;
    use serde::de::DeserializeOwned;

    pub use leptos::server_fn::axum::AxumServerFnBackend as Axum;

    /// The context of a server function: its caller and what it works with.
    #[derive(Clone)]
    pub struct Context {
        pub db: backend::Db,
        pub caller: Caller,
        /// The language of the caller.
        pub lang: Lang,
    }

    /// Returns the context of the running function.
    ///
    /// # Errors
    /// [`ApiError::SignedOut`] if there is no caller.
    pub fn context() -> Result<Context, ApiError> {
        use_context().ok_or(ApiError::SignedOut)
    }

    /// A function that the app can call.
    pub trait Call: ServerFn<Output: Serialize, Error = ApiError> + DeserializeOwned + 'static {}

    impl<F: ServerFn<Output: Serialize, Error = ApiError> + DeserializeOwned + 'static> Call for F {}

    /// Runs a function; arguments and result are in wire format.
    ///
    /// # Errors
    /// The function's errors, and [`ApiError::Unreadable`] if the arguments do not parse.
    pub async fn run<F: Call>(context: Context, arguments: Bytes) -> Result<Bytes, ApiError> {
        let function: F = decoded(arguments)?;
        let result = Owner::new().with(|| {
            provide_context(context);
            ScopedFuture::new(function.run_body())
        });
        encoded(&result.await?)
    }

    /// The path and the method of every function in this binary.
    pub fn registered() -> Vec<(&'static str, http::Method)> {
        server_fn_paths().collect()
    }

    impl ApiError {
        /// The HTTP status of the response.
        pub fn status(&self) -> u16 {
            match self {
                ApiError::SignedOut => 401,
                ApiError::NotAllowed => 403,
                ApiError::Unreadable => 400,
                ApiError::Rejected(domain::Error::NotFound) => 404,
                ApiError::Rejected(_) => 409,
                ApiError::Input(_) => 422,
                ApiError::Unreachable | ApiError::Busy => 503,
                ApiError::Internal { .. } | ApiError::Failed(_) => 500,
            }
        }
    }

    impl From<backend::Error> for ApiError {
        fn from(error: backend::Error) -> ApiError {
            match error {
                backend::Error::Rejected(error) => ApiError::Rejected(error),
                backend::Error::Input(error) => ApiError::Input(error),
                other => ApiError::Failed(other),
            }
        }
    }
}

#[cfg(feature = "ssr")]
pub use server::{Axum, Call, Context, context, registered, run};

#[cfg(test)]
mod tests {
    use super::*;
    use domain::members::{Colleague, Function};

    #[test]
    fn what_was_written_is_read() {
        let colleagues = vec![Colleague {
            name: "Zoé \"Z\" O’Neill \\ 🚀".into(),
            trade: "baker".into(),
            function: Function::Buyer,
            manager: true,
        }];
        assert_eq!(Json::decode(Json::encode(&colleagues).unwrap()), Ok(colleagues));
        assert_eq!(
            <Json as Decodes<Vec<Colleague>>>::decode("[{}]".into()),
            Err("unreadable")
        );
        assert_eq!(
            <Json as Decodes<String>>::decode(b"\"\xff\""[..].into()),
            Err("unreadable")
        );
    }

    #[test]
    fn refusals_travel_as_codes() {
        for (error, text) in [
            (ApiError::SignedOut, r#"{"code":"signed_out"}"#),
            (ApiError::NotAllowed, r#"{"code":"not_allowed"}"#),
            (ApiError::Unreadable, r#"{"code":"unreadable"}"#),
            (ApiError::Busy, r#"{"code":"busy"}"#),
            (
                ApiError::Internal {
                    request_id: "7".into(),
                },
                r#"{"code":"internal","request_id":"7"}"#,
            ),
            (
                ApiError::Rejected(domain::Error::NotFound),
                r#"{"code":"not_found"}"#,
            ),
            (
                ApiError::Rejected(domain::Error::NotEnoughPoints { missing: 3 }),
                r#"{"code":"not_enough_points","missing":3}"#,
            ),
        ] {
            assert_eq!(Json::encode(&error).unwrap(), text);
            #[cfg(feature = "ssr")]
            assert_eq!(
                format!("{:?}", refused(error.status(), text)),
                format!("{error:?}")
            );
        }
        for (status, body) in [
            (415, r#"{"code":"not_json"}"#),
            (413, r#"{"code":"too_large"}"#),
            (409, "<html>"),
        ] {
            assert!(matches!(refused(status, body), ApiError::Unreadable), "{status}");
        }
        assert!(matches!(refused(502, "<html>"), ApiError::Busy));
        assert!(matches!(refused(0, ""), ApiError::Unreachable));
    }
}
