//! What pages show: the documents, with what the member did since and the server has not answered.

use super::Phone;
use super::json;
use super::outbox::{Item, State};
use domain::events::{Event, Place, Ticket};
use domain::id::{CommandId, CourseId, EventId, NoticeId, RewardId, SessionId};
use domain::learning::{Attempt, Course, Progress};
use domain::ledger::{LotLeft, Month, Wallet};
use domain::members::{Device, Me};
use domain::notices::Notice;
use domain::programme::{Programme, trade_fits};
use domain::rewards::{Redemption, Reward};
use domain::status::Status;
use domain::{Cents, Command, Day, Error, Lang, Outcome, Points, Receipt, Text, Timestamp, Verdict};
use domain::{events, learning, members, notices, rewards};
use std::sync::Arc;

/// Everything a page can show, worked out anew after each change.
#[derive(Clone, Debug, Default)]
pub struct View {
    pub programme: Option<Arc<Programme>>,
    pub me: Option<Arc<Me>>,
    pub status: Option<Arc<Status>>,
    pub own: Purse,
    /// The company's wallet, where this member may see it.
    pub company: Option<Purse>,
    /// Mine first, then by title.
    pub courses: Vec<CourseNow>,
    /// By their start.
    pub events: Vec<EventNow>,
    /// By price.
    pub rewards: Vec<Arc<Reward>>,
    /// Newest first.
    pub requests: Vec<RequestNow>,
    /// Newest first.
    pub notices: Vec<NoticeNow>,
    /// Newest first.
    pub months: Vec<Arc<Month>>,
    /// This phone first.
    pub devices: Vec<Arc<Device>>,
    /// The session of this phone.
    pub this_phone: Option<SessionId>,
    /// Sessions the member has asked to end.
    pub ending: Vec<SessionId>,
    /// Newest first.
    pub acts: Vec<ActNow>,
    pub lang: Lang,
    /// Documents on this phone.
    pub documents: usize,
    /// Acts in the store of this phone, decided or not.
    pub kept_acts: usize,
    /// Half-done work.
    pub drafts: usize,
    /// Acts that go with the next round.
    pub waiting: usize,
    /// Acts that are stuck.
    pub parked: usize,
    /// Refusals nobody has looked at yet.
    pub refused: usize,
}

/// A wallet, with what waits for an answer.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Purse {
    /// Free to spend, requests still on this phone taken off.
    pub available: Points,
    /// Held for requests, those still on this phone included.
    pub reserved: Points,
    /// What a quiz that is not marked yet would bring.
    pub to_confirm: Points,
    pub lots: Vec<LotLeft>,
}

/// Points that expire.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expiry {
    pub on: Day,
    pub earned_on: Day,
    pub points: Points,
}

impl Purse {
    /// What expires, in its order; points of the same two days are one.
    pub fn expiries(&self) -> impl Iterator<Item = Expiry> {
        let days = |lot: &LotLeft| (lot.expires_on, lot.earned_on);
        self.lots
            .chunk_by(move |one, next| days(one) == days(next))
            .filter_map(move |same| {
                let (expires_on, earned_on) = days(&same[0]);
                Some(Expiry {
                    on: expires_on?,
                    earned_on,
                    points: same.iter().map(|lot| lot.left).sum(),
                })
            })
    }
}

#[derive(Clone, Debug)]
pub struct CourseNow {
    pub course: Arc<Course>,
    /// Made for the member's trade, or for every trade.
    pub mine: bool,
    pub read: Vec<String>,
    pub practised: u32,
    /// Newest first.
    pub attempts: Vec<Attempt>,
    pub passed_on: Option<Day>,
    /// Handed in and not marked yet.
    pub unmarked: Option<CommandId>,
}

impl CourseNow {
    pub fn is_read(&self, lesson: &str) -> bool {
        self.read.iter().any(|read| read == lesson)
    }

    /// Lessons read, of those the course has now.
    pub fn lessons_read(&self) -> usize {
        self.course
            .lessons
            .iter()
            .filter(|lesson| self.is_read(&lesson.lesson))
            .count()
    }

    /// The first lesson not read yet.
    pub fn next_lesson(&self) -> Option<&str> {
        self.course
            .lessons
            .iter()
            .map(|lesson| lesson.lesson.as_str())
            .find(|lesson| !self.is_read(lesson))
    }

    pub fn begun(&self) -> bool {
        !self.read.is_empty() || self.practised > 0 || !self.attempts.is_empty()
    }

    /// Nothing left to do but wait.
    pub fn done(&self) -> bool {
        self.passed_on.is_some() || self.unmarked.is_some()
    }
}

#[derive(Clone, Debug)]
pub struct EventNow {
    pub event: Arc<Event>,
    pub seat: Seat,
    /// Why the last request of this phone was refused, while nothing newer is known.
    pub refused: Option<Error>,
}

/// Where the member stands with an event.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Seat {
    #[default]
    No,
    /// Asked for; the server has not answered.
    Asked,
    Joined(Ticket),
    Waiting(u32),
    /// Given back; the server has not answered.
    GivenBack,
    /// A place of a kind that only a newer version of the app knows.
    Newer,
}

#[derive(Clone, Debug)]
pub struct RequestNow {
    pub redemption: Redemption,
    /// The request itself still waits for the server.
    pub pending: bool,
    /// The member took it back; the server has not answered.
    pub taking_back: bool,
}

#[derive(Clone, Debug)]
pub struct NoticeNow {
    pub notice: Arc<Notice>,
    pub read: bool,
}

/// One act, for the activity page.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActNow {
    pub id: CommandId,
    pub made_at: Timestamp,
    /// `None` where another version of the app wrote it.
    pub command: Option<Command>,
    pub state: State,
    pub outcome: Option<Outcome>,
}

impl View {
    pub fn of(phone: &Phone) -> View {
        let replica = &phone.replica;
        let mut view = View {
            programme: replica.programme().cloned(),
            me: replica.me().cloned(),
            status: replica.status.get("status").cloned(),
            own: purse(phone, Wallet::Own).unwrap_or_default(),
            company: purse(phone, Wallet::Company),
            courses: courses(phone),
            events: replica
                .events
                .iter()
                .map(|event| EventNow {
                    event: event.clone(),
                    seat: match replica
                        .registrations
                        .get(&event.id.to_string())
                        .map(|held| &held.state)
                    {
                        Some(Place::Joined(ticket)) => Seat::Joined(ticket.clone()),
                        Some(Place::Waiting { position }) => Seat::Waiting(*position),
                        Some(Place::Newer(_)) => Seat::Newer,
                        None => Seat::No,
                    },
                    refused: None,
                })
                .collect(),
            rewards: replica.rewards.iter().cloned().collect(),
            requests: replica
                .redemptions
                .iter()
                .map(|redemption| RequestNow {
                    redemption: redemption.as_ref().clone(),
                    pending: false,
                    taking_back: false,
                })
                .collect(),
            notices: replica
                .notices
                .iter()
                .map(|notice| NoticeNow {
                    notice: notice.clone(),
                    read: notice.read,
                })
                .collect(),
            months: replica.months.iter().cloned().collect(),
            devices: replica.devices.iter().cloned().collect(),
            this_phone: Some(SessionId(phone.device.0)),
            ending: vec![],
            acts: acts(phone),
            lang: replica.language(),
            documents: replica.documents(),
            kept_acts: phone.outbox.iter().count(),
            drafts: phone.drafts.len(),
            waiting: phone.outbox.waiting(),
            parked: phone.outbox.open() - phone.outbox.waiting(),
            refused: 0,
        };
        for item in phone.outbox.iter() {
            if let Some(command) = item.command() {
                view.fold(phone, item, command);
            }
        }
        view.sort();
        view
    }

    fn sort(&mut self) {
        let lang = self.lang;
        self.courses
            .sort_by(|a, b| (!a.mine, a.course.title.get(lang)).cmp(&(!b.mine, b.course.title.get(lang))));
        self.events.sort_by_key(|now| (now.event.starts_at, now.event.id));
        self.rewards.sort_by_key(|reward| (reward.points, reward.id));
        self.requests.sort_by_key(|now| {
            std::cmp::Reverse((now.redemption.steps.first().map(|(at, _)| *at), now.redemption.id))
        });
        self.notices
            .sort_by_key(|now| std::cmp::Reverse((now.notice.at, now.notice.id)));
        self.months.sort_by(|a, b| b.month.cmp(&a.month));
        let here = self.this_phone;
        self.devices.sort_by_key(|device| {
            (
                Some(device.session) != here,
                std::cmp::Reverse(device.signed_in_at),
            )
        });
    }

    /// Lays one act over the documents, unless they tell of it already.
    fn fold(&mut self, phone: &Phone, item: &Item, command: Command) {
        if let Some(Verdict::Refused(error)) = item.outcome().map(|outcome| &outcome.verdict) {
            self.refused += usize::from(item.outcome().is_some_and(|it| it.at > phone.seen_until));
            if let Command::Events(events::Command::Join { event } | events::Command::Leave { event }) =
                command
                && let Some(now) = self.event_mut(event)
            {
                now.refused = Some(error.clone());
            }
            return;
        }
        // The worker may have brought an answer without the documents that go with it.
        let untold = item
            .outcome()
            .is_some_and(|outcome| phone.knows_before(outcome.at));
        if !item.is_open() && !untold {
            if let Command::Events(events::Command::Join { event } | events::Command::Leave { event }) =
                command
                && let Some(now) = self.event_mut(event)
            {
                now.refused = None;
            }
            return;
        }
        match command {
            Command::Events(command) => self.fold_event(command),
            Command::Learning(command) => self.fold_learning(item, command),
            Command::Members(members::Command::SetLanguage { language }) => self.lang = language,
            Command::Members(members::Command::SignOutDevice { session }) => self.ending.push(session),
            Command::Notices(notices::Command::MarkRead { notice }) => self.read_notice(notice),
            Command::Rewards(command) => self.fold_reward(item, command),
        }
    }

    fn event_mut(&mut self, id: EventId) -> Option<&mut EventNow> {
        self.events.iter_mut().find(|now| now.event.id == id)
    }

    fn read_notice(&mut self, id: NoticeId) {
        if let Some(now) = self.notices.iter_mut().find(|now| now.notice.id == id) {
            now.read = true;
        }
    }

    fn fold_event(&mut self, command: events::Command) {
        let (id, joining) = match command {
            events::Command::Join { event } => (event, true),
            events::Command::Leave { event } => (event, false),
        };
        let Some(now) = self.event_mut(id) else {
            return;
        };
        now.refused = None;
        now.seat = match (std::mem::take(&mut now.seat), joining) {
            (Seat::No, true) => Seat::Asked,
            (Seat::GivenBack, true) => Seat::Asked,
            (Seat::Asked, false) | (Seat::No, false) => Seat::No,
            (Seat::Joined(_) | Seat::Waiting(_) | Seat::GivenBack | Seat::Newer, false) => Seat::GivenBack,
            (held, true) => held,
        };
    }

    fn fold_learning(&mut self, item: &Item, command: learning::Command) {
        let (learning::Command::ReadLesson { course, .. }
        | learning::Command::FinishPractice { course }
        | learning::Command::HandInQuiz { course, .. }) = &command;
        let Some(now) = self.courses.iter_mut().find(|now| now.course.id == *course) else {
            return;
        };
        match command {
            learning::Command::ReadLesson { lesson, .. } => {
                if !now.is_read(&lesson) {
                    now.read.push(lesson);
                }
            }
            learning::Command::FinishPractice { .. } => now.practised += 1,
            learning::Command::HandInQuiz { version, .. } => {
                if now.attempts.iter().any(|attempt| attempt.id == item.id) {
                    return;
                }
                let marked = item.outcome().and_then(|outcome| match &outcome.verdict {
                    Verdict::Confirmed(Receipt::Graded(result)) => Some((outcome.at, result.clone())),
                    _ => None,
                });
                if let Some((at, result)) = marked {
                    now.attempts.insert(
                        0,
                        Attempt {
                            id: item.id,
                            at,
                            version,
                            result,
                        },
                    );
                    return;
                }
                if now.passed_on.is_none() && now.unmarked.is_none() {
                    self.own.to_confirm += now.course.points;
                }
                now.unmarked = Some(item.id);
            }
        }
    }

    fn purse_mut(&mut self, wallet: Wallet) -> Option<&mut Purse> {
        match wallet {
            Wallet::Own => Some(&mut self.own),
            Wallet::Company => self.company.as_mut(),
            Wallet::Newer => None,
        }
    }

    fn fold_reward(&mut self, item: &Item, command: rewards::Command) {
        match command {
            rewards::Command::Redeem {
                reward,
                points,
                wallet,
            } => {
                if self.requests.iter().any(|now| now.redemption.id == item.id) {
                    return;
                }
                if let Some(purse) = self.purse_mut(wallet) {
                    purse.available -= points;
                    purse.reserved += points;
                }
                let known = self.rewards.iter().find(|known| known.id == reward);
                self.requests.push(RequestNow {
                    redemption: Redemption {
                        id: item.id,
                        reward,
                        title: known.map(|known| known.title.clone()).unwrap_or_default(),
                        points,
                        wallet,
                        delivery: known.map_or(rewards::Delivery::Advisor, |known| known.delivery),
                        steps: vec![(item.made_at, rewards::Step::Reserved)],
                        voucher: None,
                    },
                    pending: true,
                    taking_back: false,
                });
            }
            rewards::Command::TakeBack { redemption } => {
                if let Some(now) = self
                    .requests
                    .iter_mut()
                    .find(|now| now.redemption.id == redemption)
                {
                    now.taking_back = now.redemption.step() == rewards::Step::Reserved;
                }
            }
        }
    }

    pub fn course(&self, id: CourseId) -> Option<&CourseNow> {
        self.courses.iter().find(|now| now.course.id == id)
    }

    pub fn event(&self, id: EventId) -> Option<&EventNow> {
        self.events.iter().find(|now| now.event.id == id)
    }

    pub fn reward(&self, id: RewardId) -> Option<&Arc<Reward>> {
        self.rewards.iter().find(|reward| reward.id == id)
    }

    pub fn request(&self, id: CommandId) -> Option<&RequestNow> {
        self.requests.iter().find(|now| now.redemption.id == id)
    }

    /// The request for something called `title`, if there is exactly one.
    pub fn only_request(&self, title: &Text) -> Option<CommandId> {
        let mut called = self.requests.iter().filter(|now| now.redemption.title == *title);
        let only = called.next()?;
        called.next().is_none().then_some(only.redemption.id)
    }

    /// The act, if this phone knows of it.
    pub fn act(&self, id: CommandId) -> Option<&ActNow> {
        self.acts.iter().find(|act| act.id == id)
    }

    /// The member's tier; empty before the first round.
    pub fn tier(&self) -> &str {
        self.status.as_deref().map_or("", |status| &status.tier)
    }

    /// Is there anything to show at all?
    pub fn is_empty(&self) -> bool {
        self.programme.is_none() || self.me.is_none()
    }

    /// The wallets this member can spend from.
    pub fn purses(&self) -> Vec<(Wallet, &Purse)> {
        let manages = self.me.as_deref().is_some_and(|me| me.manager);
        let company = self.company.as_ref().filter(|_| manages);
        std::iter::once((Wallet::Own, &self.own))
            .chain(company.map(|purse| (Wallet::Company, purse)))
            .collect()
    }

    /// May the member ask for it now, from any wallet? The reason of the wallet that is nearest otherwise.
    pub fn may_redeem(&self, reward: &Reward) -> Result<(), Error> {
        let most = self
            .purses()
            .iter()
            .map(|(_, purse)| purse.available)
            .max()
            .unwrap_or(0);
        reward.may_redeem(self.tier(), most)
    }

    /// May a wallet pay for it now?
    pub fn may_redeem_from(&self, reward: &Reward, wallet: Wallet) -> Result<(), Error> {
        match self.purses().iter().find(|(known, _)| *known == wallet) {
            Some((_, purse)) => reward.may_redeem(self.tier(), purse.available),
            None => Err(Error::ManagersOnly),
        }
    }

    /// The rewards the member can get now.
    pub fn within_reach(&self) -> Vec<&Arc<Reward>> {
        self.rewards
            .iter()
            .filter(|reward| self.may_redeem(reward).is_ok())
            .collect()
    }

    /// What the points are worth: the dearest reward within reach; else the nearest one, and the points missing for
    /// it.
    pub fn worth(&self) -> Option<(&Arc<Reward>, Points)> {
        let reach = self.within_reach();
        if let Some(dearest) = reach.last() {
            return Some((dearest, 0));
        }
        self.rewards
            .iter()
            .find_map(|reward| match self.may_redeem(reward) {
                Err(Error::NotEnoughPoints { missing }) => Some((reward, missing)),
                _ => None,
            })
    }

    /// The next event the member has a place in, asked for one included.
    pub fn next_mine(&self, now: Timestamp) -> Option<&EventNow> {
        self.events.iter().find(|it| {
            it.event.ends_at > now && !it.event.cancelled && !matches!(it.seat, Seat::No | Seat::GivenBack)
        })
    }

    /// The next event the member could still join, for their trade.
    pub fn next_open(&self, now: Timestamp) -> Option<&EventNow> {
        self.events.iter().find(|it| {
            it.seat == Seat::No
                && self.is_for_my_trade(&it.event)
                && it.event.gate().may_join(self.tier(), now).is_ok()
        })
    }

    /// Is it for the member's trade, or for every trade?
    pub fn is_for_my_trade(&self, event: &Event) -> bool {
        trade_fits(&event.trades, self.trade())
    }

    /// A course that was begun and not finished.
    pub fn to_continue(&self) -> Option<&CourseNow> {
        self.courses.iter().find(|now| now.begun() && !now.done())
    }

    fn trade(&self) -> &str {
        self.me.as_deref().map_or("", |me| &me.trade)
    }

    /// Lots that expire within `days` of `today`: the first day and all points gone by then.
    pub fn expiring(purse: &Purse, today: Day, days: i32) -> Option<(Day, Points)> {
        let first = purse.lots.iter().filter_map(|lot| lot.expires_on).min()?;
        if first > today.plus_days(days) {
            return None;
        }
        let points = purse
            .lots
            .iter()
            .filter(|lot| lot.expires_on == Some(first))
            .map(|lot| lot.left)
            .sum();
        Some((first, points))
    }

    /// Three things to do that bring points: courses not passed, those of the member's trade first, and orders.
    pub fn gets_you_there(&self) -> Vec<Way> {
        let mut courses: Vec<&CourseNow> = self
            .courses
            .iter()
            .filter(|now| !now.done() && now.course.points > 0 && !now.course.graded.is_empty())
            .collect();
        courses.sort_by_key(|now| (!now.mine, !now.begun(), std::cmp::Reverse(now.course.points)));
        let orders = self.orders();
        let room = 3 - usize::from(orders.is_some());
        courses
            .into_iter()
            .take(room)
            .map(|now| Way::Course {
                course: now.course.clone(),
                begun: now.begun(),
            })
            .chain(orders)
            .collect()
    }

    fn orders(&self) -> Option<Way> {
        let rate = self.programme.as_deref()?.points_per_unit;
        if rate <= 0 {
            return None;
        }
        let missing = self
            .status
            .as_deref()
            .and_then(|status| status.next.as_ref())
            .map(|gap| gap.missing);
        Some(match missing.filter(|missing| *missing > 0) {
            Some(missing) => {
                let units = (missing + rate - 1) / rate;
                Way::OrdersToTier {
                    amount: units * 100,
                    points: units * rate,
                }
            }
            None => Way::Orders {
                amount: 100 * 100,
                points: 100 * rate,
            },
        })
    }
}

/// Something that brings points.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    Course {
        course: Arc<Course>,
        begun: bool,
    },
    /// Orders that fill the gap to the next tier on their own.
    OrdersToTier {
        amount: Cents,
        points: Points,
    },
    /// What orders of `amount` bring.
    Orders {
        amount: Cents,
        points: Points,
    },
}

fn purse(phone: &Phone, wallet: Wallet) -> Option<Purse> {
    let balance = phone.replica.balances.get(wallet.code())?;
    Some(Purse {
        available: balance.available,
        reserved: balance.reserved,
        to_confirm: 0,
        lots: balance.lots.clone(),
    })
}

fn courses(phone: &Phone) -> Vec<CourseNow> {
    let trade = phone.replica.me().map(|me| me.trade.clone()).unwrap_or_default();
    phone
        .replica
        .courses
        .iter()
        .map(|course| {
            let progress = match phone.replica.progress.get(&course.id.to_string()) {
                Some(progress) => progress.as_ref().clone(),
                None => Progress::new(course.id),
            };
            CourseNow {
                course: readable(course),
                mine: trade_fits(&course.trades, &trade),
                read: progress.read,
                practised: progress.practised,
                attempts: progress.attempts,
                passed_on: progress.passed_on,
                unmarked: None,
            }
        })
        .collect()
}

/// The course without the practice questions that only a newer version of the app can ask or mark.
fn readable(course: &Arc<Course>) -> Arc<Course> {
    if course.practice.iter().all(|practice| practice.is_readable()) {
        return course.clone();
    }
    let mut course = course.as_ref().clone();
    course.practice.retain(|practice| practice.is_readable());
    Arc::new(course)
}

/// What this phone did and what the server knows, each act once.
fn acts(phone: &Phone) -> Vec<ActNow> {
    let mut acts: Vec<ActNow> = phone
        .outbox
        .iter()
        .map(|item| ActNow {
            id: item.id,
            made_at: item.made_at,
            command: item.command(),
            state: item.state,
            outcome: item.outcome().cloned(),
        })
        .collect();
    for act in phone.replica.acts.iter() {
        if phone.outbox.get(act.outcome.id).is_some() {
            continue;
        }
        acts.push(ActNow {
            id: act.outcome.id,
            made_at: act.made_at,
            command: json::read(act.command.as_str()),
            state: match act.outcome.verdict {
                Verdict::Refused(_) => State::Refused,
                _ => State::Confirmed,
            },
            outcome: Some(act.outcome.clone()),
        });
    }
    acts.sort_by_key(|act| std::cmp::Reverse((act.made_at, act.id)));
    acts
}
