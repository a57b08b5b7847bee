//! Random numbers from a printed seed, so that a failure can be reproduced.

use backend::clock::{Fixed, Rng as _};
use domain::Timestamp;

pub struct Rng(Fixed);

impl Rng {
    pub fn new(seed: u64) -> Rng {
        Rng(Fixed::new(Timestamp(0), seed))
    }

    fn draw(&self) -> u64 {
        let mut bytes = [0; 8];
        self.0.fill(&mut bytes);
        u64::from_le_bytes(bytes)
    }

    /// Returns a number from 0 to `most`, exclusive.
    pub fn below(&self, most: u64) -> u64 {
        self.draw() % most
    }

    pub fn random_bytes<const N: usize>(&self) -> [u8; N] {
        let mut bytes = [0; N];
        self.0.fill(&mut bytes);
        bytes
    }

    /// Returns a random item of `some`; `None` if it is empty.
    pub fn any<T>(&self, some: impl IntoIterator<Item = T>) -> Option<T> {
        let mut some: Vec<T> = some.into_iter().collect();
        match some.len() {
            0 => None,
            count => Some(some.swap_remove(self.below(count as u64) as usize)),
        }
    }
}

/// Returns `SEED` from the environment, or 1.
pub fn seed() -> u64 {
    let seed = number("SEED").unwrap_or(1);
    println!("SEED={seed}");
    seed
}

/// Reads a number from the environment.
pub fn number(name: &str) -> Option<u64> {
    let text = std::env::var(name).ok()?;
    Some(
        text.parse()
            .unwrap_or_else(|_| panic!("{name}={text} is no number")),
    )
}
