//! Bounds on connections: in all, from one network address, and in time.
//!
//! When there are too many, the connection that has waited longest for its client makes room; one that we work for
//! never does. So clients that open connections and leave them cost others nothing.

use crate::http::Pace;
use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio_util::sync::CancellationToken;

/// Files kept free for everything else: database connections with their side files, mail server, gateway, and the
/// connections that are just being closed.
const OTHER_FILES: usize = 128;
/// Maximum connections, however many files there may be: each takes memory.
const MOST: usize = 16_384;
/// Pause between two log lines about too many connections.
const LOG_PAUSE: Duration = Duration::from_secs(60);

/// How many connections, and how long they may take.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// In all.
    pub most: usize,
    /// From one network address; `None` where all come from a proxy.
    pub most_an_address: Option<usize>,
    /// Timeout for reading request headers, and for an idle connection.
    pub headers: Duration,
    /// Timeout for a client that takes nothing of a response.
    pub writing: Duration,
}

impl Bounds {
    /// Returns the bounds for the files that this process may open.
    pub fn of_this_process(behind_proxy: bool) -> Bounds {
        Bounds::of_files(most_files(), behind_proxy)
    }

    fn of_files(files: usize, behind_proxy: bool) -> Bounds {
        let most = files.saturating_sub(OTHER_FILES).max(files / 4).clamp(1, MOST);
        Bounds {
            most,
            // Why not fewer: the phones of a whole company may come from one address.
            most_an_address: (!behind_proxy).then_some((most / 2).max(1)),
            headers: Duration::from_secs(60),
            writing: Duration::from_secs(60),
        }
    }
}

fn most_files() -> usize {
    #[cfg(unix)]
    if let Some(files) = rustix::process::getrlimit(rustix::process::Resource::Nofile).current {
        return usize::try_from(files).unwrap_or(usize::MAX);
    }
    usize::MAX
}

/// The open connections.
#[derive(Debug)]
pub struct Connections {
    bounds: Bounds,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    count: usize,
    /// By the address at the granularity of the limits: an IPv6 /64 is one.
    by_address: HashMap<IpAddr, Vec<Entry>>,
    last: u64,
    logged_at: Option<Instant>,
}

#[derive(Debug)]
struct Entry {
    id: u64,
    pace: Pace,
    closing: CancellationToken,
}

/// An open connection; its place is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    connections: Arc<Connections>,
    address: IpAddr,
    id: u64,
    pub pace: Pace,
    /// Cancelled when the connection has to make room.
    pub closing: CancellationToken,
}

impl Connections {
    pub fn new(bounds: Bounds) -> Arc<Connections> {
        Arc::new(Connections {
            bounds,
            open: Mutex::default(),
        })
    }

    /// Finds a place for a new connection; others make room where needed. `None` if all that could are at work.
    pub fn admit(self: &Arc<Self>, peer: IpAddr) -> Option<Place> {
        let address = network_of(peer);
        let mut open = self.lock();
        let here = open.by_address.get(&address).map_or(0, Vec::len);
        let mut bound = None;
        if self.bounds.most_an_address.is_some_and(|most| here >= most) {
            bound = Some("address");
            if !open.make_room(address) {
                return refuse(&mut open, address);
            }
        } else if open.count >= self.bounds.most {
            bound = Some("all");
            if !open.make_room_anywhere() {
                return refuse(&mut open, address);
            }
        }
        if let Some(bound) = bound {
            metrics::counter!("compagnon_connections_closed_total", "bound" => bound).increment(1);
            open.log(|| {
                tracing::warn!(event = "connections_full", %address, bound, "idle connections are closed to make room");
            });
        }
        open.last += 1;
        open.count += 1;
        let (id, pace, closing) = (open.last, Pace::default(), CancellationToken::new());
        open.by_address.entry(address).or_default().push(Entry {
            id,
            pace: pace.clone(),
            closing: closing.clone(),
        });
        drop(open);
        Some(Place {
            connections: self.clone(),
            address,
            id,
            pace,
            closing,
        })
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn refuse(open: &mut Open, address: IpAddr) -> Option<Place> {
    metrics::counter!("compagnon_connections_refused_total").increment(1);
    open.log(
        || tracing::warn!(event = "connection_refused", %address, "there are too many connections at work"),
    );
    None
}

impl Open {
    /// Closes the connection of an address that has waited longest for its client.
    fn make_room(&mut self, address: IpAddr) -> bool {
        let entries = self.by_address.get(&address).into_iter().flatten();
        let idle = entries.filter_map(|entry| Some((entry.pace.waits_since()?, entry.id)));
        let Some((_, id)) = idle.min() else { return false };
        if let Some(entry) = self.remove(address, id) {
            entry.closing.cancel();
        }
        true
    }

    /// Why from the address with the most: an attacker's connections go before those of others.
    fn make_room_anywhere(&mut self) -> bool {
        let mut addresses: Vec<(usize, IpAddr)> = self
            .by_address
            .iter()
            .map(|(address, entries)| (entries.len(), *address))
            .collect();
        addresses.sort_unstable();
        addresses
            .into_iter()
            .rev()
            .any(|(_, address)| self.make_room(address))
    }

    fn remove(&mut self, address: IpAddr, id: u64) -> Option<Entry> {
        let entries = self.by_address.get_mut(&address)?;
        let at = entries.iter().position(|entry| entry.id == id)?;
        let entry = entries.swap_remove(at);
        if entries.is_empty() {
            self.by_address.remove(&address);
        }
        self.count -= 1;
        Some(entry)
    }

    /// Why seldom: an attack must not fill the log.
    fn log(&mut self, line: impl FnOnce()) {
        let now = Instant::now();
        if self.logged_at.is_none_or(|at| now - at >= LOG_PAUSE) {
            self.logged_at = Some(now);
            line();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.connections.lock().remove(self.address, self.id);
    }
}

fn network_of(peer: IpAddr) -> IpAddr {
    match peer.to_canonical() {
        IpAddr::V6(address) => {
            let [a, b, c, d, ..] = address.segments();
            Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into()
        }
        address => address,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bounds(most: usize, most_an_address: Option<usize>) -> Bounds {
        Bounds {
            most,
            most_an_address,
            ..Bounds::of_files(1024, false)
        }
    }

    fn ip(last: u8) -> IpAddr {
        [203, 0, 113, last].into()
    }

    #[test]
    fn files_are_left_for_the_database() {
        assert_eq!(Bounds::of_files(1024, false).most, 896);
        assert_eq!(Bounds::of_files(1024, true).most_an_address, None);
        assert_eq!(Bounds::of_files(64, false).most, 16);
        assert_eq!(Bounds::of_files(usize::MAX, false).most, MOST);
    }

    #[test]
    fn an_address_at_its_bound_closes_its_own_longest_idle_one() {
        let all = Connections::new(bounds(10, Some(2)));
        let other = all.admit(ip(9)).unwrap();
        let first = all.admit(ip(1)).unwrap();
        let second = all.admit(ip(1)).unwrap();
        let third = all.admit(ip(1)).unwrap();
        assert!(first.closing.is_cancelled());
        assert!(
            !second.closing.is_cancelled() && !third.closing.is_cancelled() && !other.closing.is_cancelled()
        );
        drop(first);
        assert_eq!(all.lock().count, 3, "a closed connection is counted off once");
        // Two addresses of one household are one.
        let home = |last: u16| IpAddr::from([0x2001, 0xdb8, 1, 2, 0, 0, 0, last]);
        let _kept = [all.admit(home(1)).unwrap(), all.admit(home(2)).unwrap()];
        all.admit(home(3)).unwrap();
        assert!(_kept[0].closing.is_cancelled());
    }

    #[test]
    fn in_all_the_address_with_the_most_makes_room() {
        let all = Connections::new(bounds(4, None));
        let member = all.admit(ip(1)).unwrap();
        let flood: Vec<Place> = (0..3).map(|_| all.admit(ip(2)).unwrap()).collect();
        let _newcomer = all.admit(ip(3)).unwrap();
        assert!(!member.closing.is_cancelled());
        assert!(flood[0].closing.is_cancelled());
    }

    #[test]
    fn a_connection_at_work_stays() {
        let all = Connections::new(bounds(2, None));
        let busy = all.admit(ip(1)).unwrap();
        let idle = all.admit(ip(1)).unwrap();
        busy.pace.work();
        let newcomer = all.admit(ip(2)).unwrap();
        assert!(idle.closing.is_cancelled() && !busy.closing.is_cancelled());
        newcomer.pace.work();
        assert!(all.admit(ip(3)).is_none());
        busy.pace.wait();
        assert!(all.admit(ip(3)).is_some());
    }
}
