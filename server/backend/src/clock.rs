//! Clock and randomness, as parameters.

use domain::Timestamp;
use std::sync::Mutex;

/// A source of time.
pub trait Clock: Send + Sync {
    fn now(&self) -> Timestamp;
}

/// A source of randomness.
pub trait Rng: Send + Sync {
    fn fill(&self, bytes: &mut [u8]);
}

/// The machine's clock and its secure random source: for the binary.
#[derive(Default)]
pub struct System {
    /// Randomness fetched ahead. Why: an import makes one id per row, and each fetch is a system call.
    ahead: Mutex<Vec<u8>>,
}

impl Clock for System {
    fn now(&self) -> Timestamp {
        #[expect(clippy::disallowed_methods, reason = "the one place where time enters")]
        let now = std::time::SystemTime::now();
        let millis = now
            .duration_since(std::time::UNIX_EPOCH)
            .map_or(0, |elapsed| elapsed.as_millis());
        Timestamp(i64::try_from(millis).unwrap_or(i64::MAX))
    }
}

impl Rng for System {
    fn fill(&self, bytes: &mut [u8]) {
        let mut ahead = self.ahead.lock().expect("no panic while drawing");
        if ahead.len() < bytes.len() {
            ahead.resize(bytes.len() + 4096, 0);
            getrandom::fill(&mut ahead).expect("the operating system has randomness");
        }
        let from = ahead.len() - bytes.len();
        bytes.copy_from_slice(&ahead[from..]);
        // Truncated, so that no byte is used twice.
        ahead.truncate(from);
    }
}

/// A clock that moves only when set, and a seeded random source: for tests and generated data.
pub struct Fixed {
    now: Mutex<Timestamp>,
    state: Mutex<u64>,
}

impl Fixed {
    pub fn new(now: Timestamp, seed: u64) -> Fixed {
        Fixed {
            now: Mutex::new(now),
            state: Mutex::new(seed),
        }
    }

    pub fn set(&self, now: Timestamp) {
        *self.now.lock().expect("no panic while setting the clock") = now;
    }

    pub fn advance(&self, millis: i64) {
        let mut now = self.now.lock().expect("no panic while setting the clock");
        *now = now.plus(millis);
    }
}

impl Clock for Fixed {
    fn now(&self) -> Timestamp {
        *self.now.lock().expect("no panic while setting the clock")
    }
}

impl Rng for Fixed {
    fn fill(&self, bytes: &mut [u8]) {
        // SplitMix64 (Steele, Lea, Flood 2014).
        let mut state = self.state.lock().expect("no panic while drawing");
        for chunk in bytes.chunks_mut(8) {
            *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            let mut z = *state;
            z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
            z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
            chunk.copy_from_slice(&(z ^ (z >> 31)).to_le_bytes()[..chunk.len()]);
        }
    }
}
