//! One round with commands at a time for each member.
//!
//! Why: a member's commands wait for each other at the member's rows anyway; here they wait without a connection to the
//! database, which others need.

use domain::id::MemberId;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use tokio::sync::OwnedMutexGuard;

type Turn = tokio::sync::Mutex<()>;

/// Number of members from which those who wait for nothing are forgotten.
const TIDY_AT: usize = 1_000;

#[derive(Default)]
pub(super) struct Turns {
    members: Mutex<HashMap<MemberId, Weak<Turn>>>,
}

impl Turns {
    /// Waits for the member's turn, which ends when the guard is dropped.
    pub(super) async fn of(&self, member: MemberId) -> OwnedMutexGuard<()> {
        let turn = {
            let mut members = self.members.lock().unwrap_or_else(PoisonError::into_inner);
            if members.len() >= TIDY_AT {
                members.retain(|_, turn| turn.strong_count() > 0);
            }
            match members.get(&member).and_then(Weak::upgrade) {
                Some(turn) => turn,
                None => {
                    let turn = Arc::new(Turn::default());
                    members.insert(member, Arc::downgrade(&turn));
                    turn
                }
            }
        };
        turn.lock_owned().await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_member_waits_for_their_own_turn_and_for_nobody_elses() {
        let turns = Turns::default();
        let (one, other) = (
            MemberId(uuid::Uuid::from_u128(1)),
            MemberId(uuid::Uuid::from_u128(2)),
        );
        let first = turns.of(one).await;
        let _others = turns.of(other).await;
        tokio::select! {
            biased;
            _ = turns.of(one) => panic!("two turns at once"),
            () = std::future::ready(()) => {}
        }
        drop(first);
        drop(turns.of(one).await);
    }
}
