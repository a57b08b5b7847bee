//! The network address of a request.

use super::AppState;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap};
use std::net::{IpAddr, SocketAddr};

/// The peer of the connection: a member's phone, or the proxy in front of us.
pub type Peer = ConnectInfo<SocketAddr>;

impl AppState {
    /// Returns the member's network address at the granularity of the limits: an IPv6 /64 network (a household) is one.
    pub fn ip(&self, headers: &HeaderMap, extensions: &Extensions) -> String {
        let peer = extensions.get::<Peer>().map(|ConnectInfo(address)| address.ip());
        match forwarded(headers, self.trusted_proxy).or(peer) {
            Some(address) => limited(address),
            None => "unknown".to_owned(),
        }
    }
}

/// Returns the address seen by the outermost trusted proxy: `hops` from the right. Entries to the left of it may be
/// forged.
fn forwarded(headers: &HeaderMap, hops: usize) -> Option<IpAddr> {
    let hops = hops.checked_sub(1)?;
    let lines: Vec<&str> = headers
        .get_all("x-forwarded-for")
        .iter()
        .filter_map(|line| line.to_str().ok())
        .collect();
    let all: Vec<&str> = lines
        .iter()
        .flat_map(|line| line.split(','))
        .map(str::trim)
        .collect();
    let text = all.iter().rev().nth(hops)?;
    text.parse()
        .ok()
        .or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
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

    #[test]
    fn only_trusted_hops_are_believed() {
        let mut headers = HeaderMap::new();
        headers.append("x-forwarded-for", "6.6.6.6, 203.0.113.7".parse().unwrap());
        headers.append("x-forwarded-for", "10.0.0.2".parse().unwrap());
        let at = |hops| forwarded(&headers, hops).map(|ip| ip.to_string());
        assert_eq!(at(0), None);
        assert_eq!(at(1).as_deref(), Some("10.0.0.2"));
        assert_eq!(at(2).as_deref(), Some("203.0.113.7"));
        assert_eq!(at(9), None);
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
