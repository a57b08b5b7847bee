//! Four cookies and the language: the session, a readable copy of the member's id for the app, the pending sign-in, and
//! the mark of a browser that was signed in before. With https each has the prefix `__Host-`, so that no other host can set it.

use super::AppState;
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use backend::sessions::{CODE_LIFE, Opened, SESSION_LIFE, mark_of};
use domain::id::MemberId;
use uuid::Uuid;

const LANGUAGE: &str = "lang";
/// Id of the signed-in member, readable by the app: it opens that member's data, also offline.
const SIGNED_IN: &str = "signed_in";
const YEAR: i64 = 365 * 24 * 3600;

type Header = (HeaderName, HeaderValue);

fn read<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers
        .get_all(COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(known, _)| *known == name)
        .map(|(_, value)| value)
}

impl AppState {
    /// Why the prefix only with https: browsers accept a `__Host-` cookie only if it is Secure.
    fn name(&self, name: &str) -> String {
        if self.secure {
            format!("__Host-{name}")
        } else {
            name.to_owned()
        }
    }

    /// The language that the reader chose.
    pub fn language(&self, headers: &HeaderMap) -> Option<domain::Lang> {
        let chosen = read(headers, &self.name(LANGUAGE));
        // The bare name is that of the first release.
        chosen
            .or_else(|| read(headers, LANGUAGE))
            .and_then(domain::Lang::from_tag)
    }

    pub fn session_token<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        read(headers, &self.name("session")).filter(|token| token.len() == 64)
    }

    pub fn sign_in_request(&self, headers: &HeaderMap) -> Option<Uuid> {
        read(headers, &self.name("sign_in"))?.parse().ok()
    }

    /// What the browser kept of an earlier session.
    pub fn known_mark<'a>(&self, headers: &'a HeaderMap) -> Option<&'a str> {
        read(headers, &self.name("known"))
    }

    fn cookie(&self, name: &str, value: &str, seconds: i64, readable: bool) -> Header {
        let secure = if self.secure { "; Secure" } else { "" };
        let hidden = if readable { "" } else { "; HttpOnly" };
        let text = format!("{name}={value}; Path=/; Max-Age={seconds}; SameSite=Lax{hidden}{secure}");
        (
            SET_COOKIE,
            HeaderValue::from_str(&text).unwrap_or(HeaderValue::from_static("")),
        )
    }

    pub fn set_language(&self, language: domain::Lang) -> Header {
        self.cookie(&self.name(LANGUAGE), language.tag(), YEAR, true)
    }

    pub fn set_sign_in_request(&self, request: Uuid) -> Header {
        self.cookie(
            &self.name("sign_in"),
            &request.to_string(),
            CODE_LIFE / 1000,
            false,
        )
    }

    pub fn set_session(&self, opened: &Opened) -> Vec<Header> {
        let mut all = self.keep_session(&opened.token, opened.member);
        all.push(self.cookie(&self.name("sign_in"), "", 0, false));
        // Stays after signing out, so that strangers cannot keep this browser from signing in again.
        all.push(self.cookie(&self.name("known"), &mark_of(&opened.token), YEAR, false));
        all
    }

    pub fn keep_session(&self, token: &str, member: MemberId) -> Vec<Header> {
        let seconds = SESSION_LIFE / 1000;
        let mut all = vec![
            self.cookie(&self.name("session"), token, seconds, false),
            self.cookie(&self.name(SIGNED_IN), &member.to_string(), seconds, true),
        ];
        all.extend(self.drop_former());
        all
    }

    pub fn end_session(&self) -> Vec<Header> {
        let mut all = vec![
            self.cookie(&self.name("session"), "", 0, false),
            self.cookie(&self.name(SIGNED_IN), "", 0, true),
        ];
        all.extend(self.drop_former());
        all
    }

    /// The first release set it without a prefix, where a sister host could set it too.
    fn drop_former(&self) -> Option<Header> {
        self.secure.then(|| self.cookie(SIGNED_IN, "", 0, true))
    }
}

/// Appends headers to a response; existing ones of the same name stay.
pub fn with(
    mut answer: axum::response::Response,
    headers: impl IntoIterator<Item = Header>,
) -> axum::response::Response {
    for (name, value) in headers {
        answer.headers_mut().append(name, value);
    }
    answer
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cookie_is_found_among_others() {
        let mut headers = HeaderMap::new();
        headers.append(COOKIE, HeaderValue::from_static("a=1; session=abc"));
        assert_eq!(read(&headers, "session"), Some("abc"));
        assert_eq!(read(&headers, "sess"), None);
    }
}
