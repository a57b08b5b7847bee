//! How many acts a member may send: what they do in a day, and never what a program could.
//!
//! Why refused before anything is decided: the phone keeps its acts and sends them again when there is room, so nothing is
//! lost, and nothing is stored of those that were too many.

use domain::Timestamp;
use domain::id::MemberId;
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

/// Milliseconds after which a member who has sent all their acts may send one more.
const MILLIS_AN_ACT: i64 = 10_000;
/// Members remembered; when there are more, those who have all their acts again are forgotten.
const MOST_MEMBERS: usize = 20_000;

/// The acts that each member may still send.
#[derive(Debug)]
pub struct Quota {
    /// Acts at once; 0: no bound.
    most: i64,
    /// Per member: when they have all of them again.
    full_at: Mutex<HashMap<MemberId, Timestamp>>,
}

impl Quota {
    /// `most`: acts that a member may send at once, e.g. after days without a network; 0 for no bound.
    pub fn new(most: u32) -> Quota {
        Quota {
            most: most.into(),
            full_at: Mutex::default(),
        }
    }

    /// Takes `acts` from a member's quota.
    ///
    /// # Errors
    /// If there are not as many: the seconds until there are. Nothing is taken then.
    pub fn take(&self, member: MemberId, acts: usize, now: Timestamp) -> Result<(), u32> {
        let acts = i64::try_from(acts).unwrap_or(i64::MAX).min(self.most);
        if self.most == 0 || acts == 0 {
            return Ok(());
        }
        let mut all = self.full_at.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST_MEMBERS {
            all.retain(|_, full_at| *full_at > now);
        }
        let most = self.most * MILLIS_AN_ACT;
        // A clock that was set back makes nobody wait longer than an empty quota.
        let full_at = all
            .get(&member)
            .map_or(now.0, |at| at.0.clamp(now.0, now.0 + most));
        let after = full_at + acts * MILLIS_AN_ACT;
        let late = after - now.0 - most;
        if late > 0 {
            return Err(u32::try_from((late + 999) / 1000).unwrap_or(u32::MAX));
        }
        all.insert(member, Timestamp(after));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn acts_run_out_and_come_back() {
        let quota = Quota::new(300);
        let (one, other) = (
            MemberId(uuid::Uuid::from_u128(1)),
            MemberId(uuid::Uuid::from_u128(2)),
        );
        let now = Timestamp(1_700_000_000_000);
        for _ in 0..6 {
            assert_eq!(quota.take(one, 50, now), Ok(()));
        }
        assert_eq!(quota.take(one, 1, now), Err(10));
        assert_eq!(quota.take(one, 50, now), Err(500));
        assert_eq!(quota.take(one, 0, now), Ok(()));
        assert_eq!(quota.take(other, 50, now), Ok(()));
        assert_eq!(quota.take(one, 1, now.plus(9_999)), Err(1));
        assert_eq!(quota.take(one, 1, now.plus(10_000)), Ok(()));
        assert_eq!(quota.take(one, 1, now.plus(10_000)), Err(10));
        assert_eq!(quota.take(one, 300, now.plus(3_100_000)), Ok(()));
        // The clock was set back: at most the whole quota is missing.
        assert_eq!(quota.take(one, 1, now), Err(10));
        assert_eq!(Quota::new(0).take(one, 1_000_000, now), Ok(()));
    }
}
