//! Counts over all members, and the alarm when there are too many: many attackers at once stay below each single limit.

use domain::Timestamp;
use std::sync::{Mutex, PoisonError};

/// Wrong codes an hour after which an operator should look.
const MANY_WRONG_CODES: u32 = 300;

/// The counts of this server in the present hour.
#[derive(Debug)]
pub struct Alarms {
    codes: Count,
    wrong_codes: Count,
}

#[derive(Debug)]
struct Count {
    most: u32,
    /// Since when, and how many.
    seen: Mutex<(Timestamp, u32)>,
}

impl Alarms {
    pub fn new(most_codes: u32) -> Alarms {
        Alarms {
            codes: Count::new(most_codes),
            wrong_codes: Count::new(MANY_WRONG_CODES),
        }
    }

    /// True while codes may be sent to browsers that are not known.
    pub fn sends_to_strangers(&self, now: Timestamp) -> bool {
        self.codes.present(now) < self.codes.most
    }

    /// Counts a code sent to a browser that is not known.
    pub fn note_code(&self, now: Timestamp) {
        if self.codes.reaches(now) {
            metrics::counter!("compagnon_sign_in_alarms_total", "alarm" => "codes").increment(1);
            tracing::error!(
                event = "codes_ceiling_reached",
                codes = self.codes.most,
                "only known browsers get codes until the hour is over"
            );
        }
    }

    pub fn note_wrong_code(&self, now: Timestamp) {
        if self.wrong_codes.reaches(now) {
            metrics::counter!("compagnon_sign_in_alarms_total", "alarm" => "wrong_codes").increment(1);
            tracing::error!(
                event = "many_wrong_codes",
                codes = self.wrong_codes.most,
                "wrong codes in an hour"
            );
        }
    }
}

impl Count {
    fn new(most: u32) -> Count {
        Count {
            most,
            seen: Mutex::new((Timestamp(i64::MIN), 0)),
        }
    }

    fn present(&self, now: Timestamp) -> u32 {
        let (since, count) = *self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if is_over(since, now) { 0 } else { count }
    }

    /// Counts one; true for the one that reaches the bound.
    fn reaches(&self, now: Timestamp) -> bool {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if is_over(seen.0, now) {
            *seen = (now, 0);
        }
        seen.1 = seen.1.saturating_add(1);
        seen.1 == self.most
    }
}

fn is_over(since: Timestamp, now: Timestamp) -> bool {
    !(0..Timestamp::HOUR).contains(&now.0.saturating_sub(since.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bound_is_reached_once_an_hour() {
        let (count, at) = (Count::new(2), |minutes: i64| Timestamp(minutes * 60_000));
        assert_eq!(count.present(at(0)), 0);
        let reached: Vec<bool> = [0, 1, 2, 59, 60, 61]
            .into_iter()
            .map(|minute| count.reaches(at(minute)))
            .collect();
        assert_eq!(reached, [false, true, false, false, false, true]);
        assert_eq!((count.present(at(119)), count.present(at(120))), (2, 0));
    }
}
