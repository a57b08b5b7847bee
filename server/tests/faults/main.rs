//! The real binary under load of real HTTP, and what may happen to it: it is killed, connections are cut, the disk is
//! full, PostgreSQL goes away, a backup is restored. Nothing a member was told may be missing afterwards, and nothing
//! may count twice.
//!
//! `KILLS=1000` kills that often; `SEED=7` chooses other moments and other acts.

mod audit;
mod backup;
mod connection_loss;
mod disk;
mod harness;
mod kill;
mod phones;
mod postgres;
mod rng;
