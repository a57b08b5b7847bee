//! The network address of a request.

use super::AppState;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, SocketAddr};

/// The peer of the connection: a member's phone, or the proxy in front of us.
pub type Peer = ConnectInfo<SocketAddr>;

impl AppState {
    /// Returns the member's network address at the granularity of the limits: an IPv6 /64 network (a household) is one.
    /// All requests whose address cannot be told are one, too.
    pub fn ip(&self, headers: &HeaderMap, extensions: &Extensions) -> String {
        let peer = extensions.get::<Peer>().map(|ConnectInfo(address)| address.ip());
        let address = match forwarded(headers, self.trusted_proxy) {
            Forwarded::Absent => peer,
            Forwarded::Unknown => None,
            Forwarded::By(address) => Some(address),
        };
        address.map_or("unknown".to_owned(), limited)
    }
}

/// What the trusted proxies say of the client's address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Forwarded {
    /// Nothing, or there are no trusted proxies.
    Absent,
    /// Something that cannot be read, or too little: not to be mistaken for nothing.
    Unknown,
    By(IpAddr),
}

/// Returns the address seen by the outermost trusted proxy: `hops` from the right. Entries to the left of it may be
/// forged, and are not even read.
fn forwarded(headers: &HeaderMap, hops: usize) -> Forwarded {
    let mut lines = headers.get_all("x-forwarded-for").iter().peekable();
    let (Some(hops), Some(_)) = (hops.checked_sub(1), lines.peek()) else {
        return Forwarded::Absent;
    };
    let entries: Vec<&[u8]> = lines
        .flat_map(|line| line.as_bytes().split(|byte| *byte == b','))
        .collect();
    let text = entries
        .iter()
        .rev()
        .nth(hops)
        .and_then(|entry| std::str::from_utf8(entry).ok());
    let Some(text) = text.map(str::trim) else {
        return Forwarded::Unknown;
    };
    let plain = text.parse().ok();
    let with_port = || text.parse::<SocketAddr>().ok().map(|address| address.ip());
    plain.or_else(with_port).map_or(Forwarded::Unknown, Forwarded::By)
}

fn limited(address: IpAddr) -> String {
    match address.to_canonical() {
        IpAddr::V4(address) => address.to_string(),
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn at(lines: &[&[u8]], hops: usize) -> Forwarded {
        let mut headers = HeaderMap::new();
        for line in lines {
            headers.append("x-forwarded-for", HeaderValue::from_bytes(line).unwrap());
        }
        forwarded(&headers, hops)
    }

    fn by(address: &str) -> Forwarded {
        Forwarded::By(address.parse().unwrap())
    }

    #[test]
    fn only_trusted_hops_are_believed() {
        let lines: [&[u8]; 2] = [b"6.6.6.6, 203.0.113.7", b"10.0.0.2"];
        assert_eq!(at(&lines, 0), Forwarded::Absent);
        assert_eq!(at(&lines, 1), by("10.0.0.2"));
        assert_eq!(at(&lines, 2), by("203.0.113.7"));
        assert_eq!(at(&lines, 9), Forwarded::Unknown);
        assert_eq!(at(&[], 1), Forwarded::Absent);
    }

    #[test]
    fn what_cannot_be_read_is_not_what_is_not_there() {
        assert_eq!(at(&[b"\xff, 198.51.100.20"], 1), by("198.51.100.20"));
        assert_eq!(
            at(&[b"9.9.9.9", b"\xc3\xa9\xff, 198.51.100.20"], 1),
            by("198.51.100.20")
        );
        assert_eq!(at(&[b"9.9.9.9", b"198.51.100.20\xff"], 1), Forwarded::Unknown);
        for odd in [&b"unknown"[..], b"", b"_hidden", b"1.2.3"] {
            assert_eq!(at(&[b"9.9.9.9", odd], 1), Forwarded::Unknown, "{odd:?}");
        }
        assert_eq!(at(&[b"9.9.9.9, [2001:db8::1]:4000"], 1), by("2001:db8::1"));
    }

    #[test]
    fn a_household_is_one() {
        assert_eq!(
            limited("2001:db8:1:2:3:4:5:6".parse().unwrap()),
            "2001:db8:1:2::/64"
        );
        assert_eq!(limited("::ffff:192.0.2.1".parse().unwrap()), "192.0.2.1");
    }
}
