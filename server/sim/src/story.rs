//! The steps of a story. A story is a list of steps, generated from a seed and shrunk by removing steps.

use app::phone::Phone;
use app::samples;
use domain::Command;
use domain::samples::Things;
use proptest::collection::vec;
use proptest::prelude::*;
use std::fmt;

/// Number of phones in every story.
pub const PHONES: usize = 5;

/// One step. Numbers that select among existing things are taken modulo their count.
#[derive(Clone, Debug)]
pub enum Step {
    Act {
        phone: usize,
        what: What,
        end: End,
    },
    /// The same member acts in a second tab.
    OtherTab {
        phone: usize,
        what: What,
    },
    /// Phones run a round each; `together`: concurrently. `kill`: the server is killed at that step of its work.
    Exchange {
        calls: Vec<Call>,
        together: bool,
        kill: Option<u64>,
    },
    /// Another phone's acts arrive while the server reads for one phone.
    Overlap {
        reader: usize,
        at: u64,
        writer: usize,
    },
    /// The response of a slow round arrives.
    Arrive {
        phone: usize,
    },
    /// An old request arrives, possibly for the second time.
    Echo {
        which: usize,
    },
    Close {
        phone: usize,
    },
    Evict {
        phone: usize,
    },
    Skew {
        phone: usize,
        days: i64,
    },
    /// Another member signs in on this phone; the next time, its owner again.
    Hand {
        phone: usize,
    },
    SignOut {
        phone: usize,
        erase: bool,
    },
    Unpark {
        phone: usize,
    },
    Hours {
        hours: i64,
    },
    Restart,
    Brand(Brand),
    Backup,
    Restore,
}

/// An act of a member.
#[derive(Clone, Copy, Debug)]
pub struct What {
    /// Chooses the sample, by their weights.
    act: u32,
    /// Chooses among the things of a kind.
    thing: usize,
}

impl What {
    /// The command; `None` where the phone has nothing of the kind.
    pub fn command(self, phone: &Phone) -> Option<Command> {
        let things = samples::things(phone, |count| self.thing % count);
        Some(self.sample(&things)).filter(|command| !samples::names_nothing(command))
    }

    fn sample(self, things: &Things) -> Command {
        let mut left = self.act;
        let samples = Command::samples(things);
        let chosen = samples.into_iter().find(|command| {
            let here = left < weight(command);
            left = left.saturating_sub(weight(command));
            here
        });
        chosen.expect("acts are drawn below the sum of the weights")
    }
}

/// How often a command is drawn: more often what many want and few can have.
fn weight(command: &Command) -> u32 {
    use domain::{events, learning, members, rewards};
    match command {
        Command::Events(events::Command::Join { .. }) => 4,
        // The language: all that a phone can do which has lost its documents.
        Command::Rewards(rewards::Command::Redeem { .. })
        | Command::Members(members::Command::SetLanguage { .. })
        | Command::Learning(learning::Command::HandInQuiz { .. }) => 3,
        Command::Events(events::Command::Leave { .. })
        | Command::Rewards(rewards::Command::TakeBack { .. })
        | Command::Learning(learning::Command::FinishPractice { .. }) => 2,
        _ => 1,
    }
}

/// Whether a phone crashes while it saves an act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    Well,
    DiesBeforeWriting,
    DiesAfterWriting,
}

#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub phone: usize,
    pub way: Way,
}

/// The fate of a round in the network and on the phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    Good,
    LostGoing,
    LostComing,
    /// The response arrives with [`Step::Arrive`], if the phone still waits for it.
    Slow,
    /// The request arrives twice.
    Twice,
    /// A gateway between phone and server returns this status code.
    Gateway(u16),
    /// The phone crashes between receiving the response and writing it.
    DiesBeforeWriting,
}

/// A change made by the brand.
#[derive(Clone, Copy, Debug)]
pub enum Brand {
    /// `euros` below 0: a return. A repeated `name` replaces the order.
    Order {
        company: usize,
        name: u8,
        euros: i64,
        days_ago: i64,
    },
    Reward {
        reward: usize,
        points: i64,
        stock: i64,
    },
    WithdrawReward(usize),
    MoreSeats(usize),
    CallOff(usize),
    NewCourse,
    WithdrawCourse,
    Handle {
        which: usize,
        to: u8,
    },
}

fn what() -> impl Strategy<Value = What> {
    let sum = Command::samples(&Things::none()).iter().map(weight).sum::<u32>();
    (0..sum, 0..12usize).prop_map(|(act, thing)| What { act, thing })
}

fn end() -> impl Strategy<Value = End> {
    prop_oneof![8 => Just(End::Well), 1 => Just(End::DiesBeforeWriting), 1 => Just(End::DiesAfterWriting)]
}

fn way() -> impl Strategy<Value = Way> {
    prop_oneof![
        8 => Just(Way::Good),
        2 => Just(Way::LostGoing),
        3 => Just(Way::LostComing),
        2 => Just(Way::Slow),
        2 => Just(Way::Twice),
        1 => prop_oneof![Just(500), Just(502), Just(503), Just(413), Just(429)].prop_map(Way::Gateway),
        2 => Just(Way::DiesBeforeWriting),
    ]
}

fn brand() -> impl Strategy<Value = Brand> {
    prop_oneof![
        3 => (0..2usize, 0..6u8, prop_oneof![3 => 1..400i64, 1 => -150..-1i64], 0..90i64)
            .prop_map(|(company, name, euros, days_ago)| Brand::Order { company, name, euros, days_ago }),
        2 => (0..3usize, 50..150i64, 0..4i64)
            .prop_map(|(reward, points, stock)| Brand::Reward { reward, points, stock }),
        1 => (0..3usize).prop_map(Brand::WithdrawReward),
        1 => (0..3usize).prop_map(Brand::MoreSeats),
        1 => (0..3usize).prop_map(Brand::CallOff),
        3 => Just(Brand::NewCourse),
        1 => Just(Brand::WithdrawCourse),
        3 => (0..4usize, 0..3u8).prop_map(|(which, to)| Brand::Handle { which, to }),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let phone = || 0..PHONES;
    let calls = || {
        vec(
            (phone(), way()).prop_map(|(phone, way)| Call { phone, way }),
            1..4,
        )
    };
    let kill = prop_oneof![3 => Just(None), 1 => (1..60u64).prop_map(Some)];
    // All phones at once: several commands in one commit, and a server that may be killed during it.
    let rush = (
        Just((0..PHONES).collect::<Vec<_>>()).prop_shuffle(),
        prop_oneof![1 => Just(None), 2 => (1..90u64).prop_map(Some)],
    );
    prop_oneof![
        20 => (phone(), what(), end()).prop_map(|(phone, what, end)| Step::Act { phone, what, end }),
        2 => (phone(), what()).prop_map(|(phone, what)| Step::OtherTab { phone, what }),
        20 => (calls(), any::<bool>(), kill)
            .prop_map(|(calls, together, kill)| Step::Exchange { calls, together, kill }),
        5 => rush.prop_map(|(phones, kill)| Step::Exchange {
            calls: phones.into_iter().map(|phone| Call { phone, way: Way::Good }).collect(),
            together: true,
            kill,
        }),
        8 => (phone(), 1..14u64, phone())
            .prop_map(|(reader, at, writer)| Step::Overlap { reader, at, writer }),
        3 => phone().prop_map(|phone| Step::Arrive { phone }),
        3 => (0..30usize).prop_map(|which| Step::Echo { which }),
        2 => phone().prop_map(|phone| Step::Close { phone }),
        2 => phone().prop_map(|phone| Step::Evict { phone }),
        1 => (phone(), -16_000..16_000i64).prop_map(|(phone, days)| Step::Skew { phone, days }),
        2 => phone().prop_map(|phone| Step::Hand { phone }),
        1 => (phone(), any::<bool>()).prop_map(|(phone, erase)| Step::SignOut { phone, erase }),
        1 => phone().prop_map(|phone| Step::Unpark { phone }),
        2 => prop_oneof![4 => 1..30i64, 1 => 30..700i64].prop_map(|hours| Step::Hours { hours }),
        1 => Just(Step::Restart),
        7 => brand().prop_map(Step::Brand),
        2 => Just(Step::Backup),
        2 => Just(Step::Restore),
    ]
}

/// Strategy for stories of fewer than 60 steps.
pub fn stories() -> impl Strategy<Value = Vec<Step>> {
    vec(step(), 1..60)
}

impl fmt::Display for What {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sample = serde_json::to_value(self.sample(&Things::none())).map_err(|_| fmt::Error)?;
        let tag = |value: &serde_json::Value| {
            let (tag, inner) = value.as_object()?.iter().next()?;
            Some((tag.clone(), inner.clone()))
        };
        let (feature, command) = tag(&sample).ok_or(fmt::Error)?;
        let (name, _) = tag(&command).ok_or(fmt::Error)?;
        write!(f, "does {feature} {name} with thing {}", self.thing)
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "phone {}", self.phone)?;
        match self.way {
            Way::Good => Ok(()),
            Way::LostGoing => write!(f, " (its request is lost)"),
            Way::LostComing => write!(f, " (the answer is lost)"),
            Way::Slow => write!(f, " (the answer is slow)"),
            Way::Twice => write!(f, " (its request arrives twice)"),
            Way::Gateway(status) => write!(f, " (a gateway answers {status})"),
            Way::DiesBeforeWriting => write!(f, " (it ends before it writes the answer down)"),
        }
    }
}

impl fmt::Display for Brand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Brand::Order {
                company,
                name,
                euros,
                days_ago,
            } => write!(
                f,
                "imports order {name} of company {company}: {euros} euros, {days_ago} days ago"
            ),
            Brand::Reward {
                reward,
                points,
                stock,
            } => {
                write!(f, "sets reward {reward} to {points} points and {stock} in stock")
            }
            Brand::WithdrawReward(reward) => write!(f, "withdraws reward {reward}"),
            Brand::MoreSeats(event) => write!(f, "adds a seat to event {event}"),
            Brand::CallOff(event) => write!(f, "calls event {event} off"),
            Brand::NewCourse => write!(f, "publishes the course in a new version"),
            Brand::WithdrawCourse => write!(f, "withdraws the course"),
            Brand::Handle { which, to } => write!(
                f,
                "moves request {which} on: {}",
                ["accepted", "sent", "declined"][usize::from(*to) % 3]
            ),
        }
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Step::Act { phone, what, end } => {
                write!(f, "phone {phone} {what}")?;
                match end {
                    End::Well => Ok(()),
                    End::DiesBeforeWriting => write!(f, ", and ends before it is written"),
                    End::DiesAfterWriting => write!(f, ", and ends as soon as it is written"),
                }
            }
            Step::OtherTab { phone, what } => write!(f, "a second tab of phone {phone} {what}"),
            Step::Exchange {
                calls,
                together,
                kill,
            } => {
                let calls: Vec<String> = calls.iter().map(ToString::to_string).collect();
                let how = if *together { "at once" } else { "one by one" };
                write!(f, "a round of {}, {how}", calls.join(" and "))?;
                match kill {
                    Some(step) => write!(f, "; the server is killed at its step {step}"),
                    None => Ok(()),
                }
            }
            Step::Overlap { reader, at, writer } => write!(
                f,
                "a round of phone {reader}, and at step {at} of it a round of phone {writer}"
            ),
            Step::Arrive { phone } => write!(f, "the slow answer reaches phone {phone}"),
            Step::Echo { which } => write!(f, "request {which} of long ago arrives"),
            Step::Close { phone } => write!(f, "phone {phone} is closed and opened"),
            Step::Evict { phone } => write!(f, "the browser of phone {phone} throws its data away"),
            Step::Skew { phone, days } => write!(f, "the clock of phone {phone} is {days} days off"),
            Step::Hand { phone } => write!(f, "phone {phone} goes to the other member"),
            Step::SignOut { phone, erase } => {
                let how = if *erase { ", erasing their data" } else { "" };
                write!(f, "the member of phone {phone} signs out{how}")
            }
            Step::Unpark { phone } => write!(f, "phone {phone} tries what is stuck again"),
            Step::Hours { hours } => write!(f, "{hours} hours pass"),
            Step::Restart => write!(f, "the server is restarted"),
            Step::Brand(brand) => write!(f, "the brand {brand}"),
            Step::Backup => write!(f, "the database is backed up"),
            Step::Restore => write!(f, "the last backup is restored"),
        }
    }
}
