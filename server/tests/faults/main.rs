//! Faults of the real binary under real HTTP load: it is killed, or an import beside it, connections are cut, the disk is
//! full, PostgreSQL goes away, a backup is restored. Afterwards no outcome a member received may be missing, and nothing may
//! count twice.
//!
//! `KILLS=1000` sets the number of kills; `SEED=7` chooses other times and other acts.

mod audit;
mod backup;
mod connection_loss;
mod disk;
mod harness;
mod import;
mod kill;
mod phones;
mod postgres;
mod rng;
