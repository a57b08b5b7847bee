//! Runs one story, then lets the network recover and checks the invariants.

use crate::checks;
use crate::phone::{Hardware, Promise};
use crate::server::{Packet, Server, Stock};
use crate::story::{Brand, Call, PHONES, Step, Way};
use crate::template::{self, EVENTS, MEMBER_COUNT, OPTIONS, REWARDS, Template};
use app::phone::outbox::State;
use app::phone::sync::{Answer, Next};
use backend::{events, import, learning, programme, rewards};
use domain::id::{CommandId, MemberId};
use domain::input::InputCode;
use domain::rewards::Step as RequestStep;
use domain::sync::Reply;
use domain::{Outcome, Timestamp, Verdict};
use serde_json::value::RawValue;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash, Hasher};

/// The result of a story without failure.
#[derive(Default)]
pub struct Told {
    pub tally: Tally,
    /// A hash of all responses of the server: running the story again gives the same.
    pub answers: u64,
}

/// Counters of a story, to verify that stories exercise what they should.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tally {
    pub saved: u64,
    pub confirmed: u64,
    pub refused: u64,
    pub again: u64,
    pub kills: u64,
    pub restores: u64,
    pub evictions: u64,
    pub excused: u64,
}

impl std::ops::AddAssign for Tally {
    fn add_assign(&mut self, other: Tally) {
        self.saved += other.saved;
        self.confirmed += other.confirmed;
        self.refused += other.refused;
        self.again += other.again;
        self.kills += other.kills;
        self.restores += other.restores;
        self.evictions += other.evictions;
        self.excused += other.excused;
    }
}

/// The error describes the violated invariant.
pub type Checked<T = ()> = Result<T, String>;

pub struct World<'a> {
    template: &'a Template,
    pub server: Server,
    pub phones: Vec<Hardware>,
    /// Every act reported as saved, with its phone.
    pub promises: BTreeMap<CommandId, (usize, Promise)>,
    /// The outcomes the server has sent since the epoch began.
    pub answered: BTreeMap<CommandId, String>,
    sent: Vec<Packet>,
    pub tally: Tally,
    answers: DefaultHasher,
}

fn broken(error: backend::Error) -> String {
    format!("the server failed: {error}")
}

/// Runs a story.
///
/// # Errors
/// With the violated invariant.
pub async fn tell(template: &Template, seed: u64, story: &[Step]) -> Checked<Told> {
    let mut server = Server::start(template, seed).await.map_err(broken)?;
    let mut phones = Vec::new();
    for phone in 0..PHONES {
        let cookie = server
            .sign_in(template.members[owner(phone)], None)
            .await
            .map_err(broken)?;
        phones.push(Hardware::new(phone as u8 + 1, cookie));
    }
    let mut world = World {
        template,
        server,
        phones,
        promises: BTreeMap::new(),
        answered: BTreeMap::new(),
        sent: Vec::new(),
        tally: Tally::default(),
        answers: DefaultHasher::new(),
    };
    // All phones are synced before the story begins.
    for phone in 0..PHONES {
        world.rest(phone).await?;
    }
    for step in story {
        world.take(step).await?;
    }
    world.heal().await?;
    checks::effects(&world).await?;
    world.tally.kills = world.server.killed;
    world.server.db.close().await;
    Ok(Told {
        tally: world.tally,
        answers: world.answers.finish(),
    })
}

/// Returns the owner of a phone; the last phone is the first member's second one.
fn owner(phone: usize) -> usize {
    if phone == PHONES - 1 { 0 } else { phone }
}

/// Returns the other member who sometimes uses a phone.
fn guest(phone: usize) -> usize {
    (owner(phone) + 1) % MEMBER_COUNT
}

impl World<'_> {
    fn member(&self, member: usize) -> MemberId {
        self.template.members[member]
    }

    fn promise(&mut self, phone: usize, promise: Option<Promise>) {
        if let Some(promise) = promise {
            self.tally.saved += 1;
            self.promises.insert(promise.id, (phone, promise));
        }
    }

    async fn take(&mut self, step: &Step) -> Checked {
        match step {
            Step::Act { phone, what, end } => {
                let now = self.server.now();
                let promise = self.phones[*phone].act(*what, *end, now);
                self.promise(*phone, promise);
            }
            Step::OtherTab { phone, what } => {
                let now = self.server.now();
                let promise = self.phones[*phone].act_in_other_tab(*what, now);
                self.promise(*phone, promise);
            }
            Step::Exchange {
                calls,
                together,
                kill,
            } => self.exchange(calls, *together, *kill).await?,
            Step::Overlap { reader, at, writer } => self.overlap(*reader, *at, *writer).await?,
            Step::Arrive { phone } => {
                if let Some((_, Some(answer))) = &self.phones[*phone].out {
                    let answer = answer.clone();
                    self.hears(*phone, &answer).await?;
                }
            }
            Step::Echo { which } => {
                if !self.sent.is_empty() {
                    let packet = self.sent[which % self.sent.len()].clone();
                    let answers = self
                        .server
                        .receive(&[packet], false, None)
                        .await
                        .map_err(broken)?;
                    self.observe(&answers[0])?;
                }
            }
            Step::Close { phone } => self.phones[*phone].open(),
            Step::Evict { phone } => self.evict(*phone).await?,
            Step::Skew { phone, days } => self.phones[*phone].skew = *days,
            Step::Hand { phone } => {
                let hardware = &mut self.phones[*phone];
                let cookie = hardware.cookie.clone();
                let to = match &cookie {
                    Some(cookie) if cookie.member == self.template.members[owner(*phone)] => guest(*phone),
                    _ => owner(*phone),
                };
                let replaces = cookie.as_ref().map(|cookie| cookie.token.as_str());
                let member = self.template.members[to];
                let cookie = self.server.sign_in(member, replaces).await.map_err(broken)?;
                // The open app still shows the previous member until its next round.
                self.phones[*phone].signed_in(cookie);
            }
            Step::SignOut { phone, erase } => {
                if let Some(cookie) = self.phones[*phone].sign_out(*erase) {
                    self.server.sign_out(&cookie).await.map_err(broken)?;
                }
                if *erase {
                    self.excuse_what_nobody_has().await?;
                }
            }
            Step::Unpark { phone } => self.phones[*phone].unpark(),
            Step::Hours { hours } => self.server.pass(hours * Timestamp::HOUR).await.map_err(broken)?,
            Step::Restart => self.server.restart().await.map_err(broken)?,
            Step::Brand(brand) => self.publish(*brand).await.map_err(broken)?,
            Step::Backup => self.server.back_up().await.map_err(broken)?,
            Step::Restore => {
                if self.server.restore().await.map_err(broken)? {
                    self.tally.restores += 1;
                    self.answered.clear();
                    // Acts that only the lost part of the database held are no failure.
                    self.excuse_what_nobody_has().await?;
                }
            }
        }
        Ok(())
    }

    async fn evict(&mut self, phone: usize) -> Checked {
        self.tally.evictions += 1;
        self.phones[phone].evict();
        self.excuse_what_nobody_has().await
    }

    /// Drops the promises of acts that are neither on their phone nor on the server: evicted by the browser before they
    /// were sent, or decided after the restored backup and since forgotten by their phone or erased by their member.
    async fn excuse_what_nobody_has(&mut self) -> Checked {
        let known = checks::known(&self.server).await?;
        let mut written: BTreeMap<(usize, MemberId), BTreeSet<CommandId>> = BTreeMap::new();
        let before = self.promises.len();
        let phones = &self.phones;
        self.promises.retain(|id, (phone, promise)| {
            known.contains(id)
                || written
                    .entry((*phone, promise.member))
                    .or_insert_with(|| phones[*phone].written(promise.member).into_keys().collect())
                    .contains(id)
        });
        self.tally.excused += (before - self.promises.len()) as u64;
        Ok(())
    }

    async fn exchange(&mut self, calls: &[Call], together: bool, kill: Option<u64>) -> Checked {
        let mut calling: Vec<Call> = Vec::new();
        let mut packets = Vec::new();
        let mut places = Vec::new();
        for call in calls {
            if calling.iter().any(|other| other.phone == call.phone) {
                continue;
            }
            let token = self.token(call.phone).await?;
            let body = self.phones[call.phone].request();
            let packet = Packet { token, body };
            self.sent.push(packet.clone());
            calling.push(*call);
            match call.way {
                Way::LostGoing | Way::Gateway(_) => places.push(None),
                Way::Twice => {
                    packets.push(packet.clone());
                    packets.push(packet);
                    places.push(Some(packets.len() - 1));
                }
                _ => {
                    packets.push(packet);
                    places.push(Some(packets.len() - 1));
                }
            }
        }
        let answers = self
            .server
            .receive(&packets, together, kill)
            .await
            .map_err(broken)?;
        for answer in &answers {
            self.observe(answer)?;
        }
        for (call, place) in calling.into_iter().zip(places) {
            let lost = Answer::default();
            let answer = place.map_or(&lost, |place| &answers[place]);
            match call.way {
                Way::Good | Way::Twice => self.hears(call.phone, answer).await?,
                Way::LostGoing | Way::LostComing => self.hears(call.phone, &lost).await?,
                Way::Gateway(status) => {
                    let answer = Answer {
                        status,
                        ..Answer::default()
                    };
                    self.hears(call.phone, &answer).await?;
                }
                Way::Slow => {
                    if let Some((_, slow)) = &mut self.phones[call.phone].out {
                        *slow = Some(answer.clone());
                    }
                }
                Way::DiesBeforeWriting => self.phones[call.phone].answered_in_vain(answer),
            }
        }
        Ok(())
    }

    /// Does nothing if the reader has acts to send: two writers would wait for each other.
    async fn overlap(&mut self, reader: usize, at: u64, writer: usize) -> Checked {
        // Signing in loads the member's store, so unsent acts are counted below.
        let tokens = [self.token(reader).await?, self.token(writer).await?];
        if reader == writer || self.phones[reader].app.outbox.count_waiting() > 0 {
            return Ok(());
        }
        let packets = [(reader, &tokens[0]), (writer, &tokens[1])].map(|(phone, token)| Packet {
            token: token.clone(),
            body: self.phones[phone].request(),
        });
        let answers = self
            .server
            .receive_around(&packets[0], at, &packets[1])
            .await
            .map_err(broken)?;
        for (phone, answer) in [reader, writer].into_iter().zip(&answers) {
            self.observe(answer)?;
            self.hears(phone, answer).await?;
        }
        Ok(())
    }

    /// Returns the session token of a phone; a signed-out owner signs in first.
    async fn token(&mut self, phone: usize) -> Checked<String> {
        if let Some(cookie) = &self.phones[phone].cookie {
            return Ok(cookie.token.clone());
        }
        self.sign_in(phone, self.member(owner(phone))).await
    }

    async fn sign_in(&mut self, phone: usize, member: MemberId) -> Checked<String> {
        let cookie = self.server.sign_in(member, None).await.map_err(broken)?;
        let token = cookie.token.clone();
        self.phones[phone].signed_in(cookie);
        self.phones[phone].open();
        Ok(token)
    }

    async fn hears(&mut self, phone: usize, answer: &Answer) -> Checked {
        self.hear(phone, answer).await.map(|_| ())
    }

    /// Delivers a response to the phone; the app follows it.
    async fn hear(&mut self, phone: usize, answer: &Answer) -> Checked<Option<Next>> {
        let before = self.phones[phone].app.replica.cursor.epoch.clone();
        let next = self.phones[phone].answered(answer);
        let hardware = &mut self.phones[phone];
        if !before.is_empty() && hardware.app.replica.cursor.epoch != before {
            self.tally.again += hardware.app.outbox.count_waiting() as u64;
        }
        match next {
            Some(Next::Ended) if !hardware.documents().is_empty() => {
                return Err("a session was ended, and the phone keeps its documents".into());
            }
            Some(Next::SignIn | Next::Ended) => {
                let member = hardware.app.member;
                self.sign_in(phone, member).await?;
            }
            Some(Next::OtherMember) => hardware.open(),
            Some(Next::Update) => return Err("the server no longer speaks with this version".into()),
            _ => {}
        }
        Ok(next)
    }

    /// Checks that the server never changes an outcome within an epoch.
    fn observe(&mut self, answer: &Answer) -> Checked {
        (answer.status, &answer.body).hash(&mut self.answers);
        if answer.status != 200 {
            return match answer.status {
                0 | 401 | 403 => Ok(()),
                status => Err(format!("the server answered {status}: {}", answer.body)),
            };
        }
        let reply: Reply<Box<RawValue>, Box<RawValue>> =
            serde_json::from_str(&answer.body).map_err(|error| error.to_string())?;
        for raw in reply.outcomes {
            let outcome: Outcome = serde_json::from_str(raw.get()).map_err(|error| error.to_string())?;
            match &outcome.verdict {
                Verdict::Failed => return Err(format!("command {} failed on the server", outcome.id)),
                Verdict::Refused(domain::Error::IdReuse | domain::Error::WrongMember) => {
                    return Err(format!("an honest command was refused: {}", raw.get()));
                }
                _ => {}
            }
            let before = self
                .answered
                .entry(outcome.id)
                .or_insert_with(|| raw.get().to_owned());
            if before != raw.get() {
                return Err(format!(
                    "a command was answered twice, differently:\n  {before}\n  {}",
                    raw.get()
                ));
            }
        }
        Ok(())
    }

    async fn publish(&mut self, brand: Brand) -> backend::Result<()> {
        let db = self.server.db.clone();
        if let Brand::Order {
            company,
            name,
            euros,
            days_ago,
        } = brand
        {
            let mut tx = db.read().await?;
            let today = programme::current(&mut tx).await?.day(tx.now())?;
            drop(tx);
            let on = today.plus_days(-(days_ago as i32));
            // Every other return names an order, which need not be there.
            let (kind, quantity) = if euros < 0 { ("r", -1) } else { ("o", 1) };
            let returns = match (kind, name % 2) {
                ("r", 0) => format!("o-{company}-{name}"),
                _ => String::new(),
            };
            let file = format!(
                "order_ref,company_ref,ordered_on,quantity,amount,returns_ref\n\
                {kind}-{company}-{name},c-{company},{on},{quantity},{euros}.00,{returns}\n"
            );
            let report = import::orders(&db, file.as_bytes(), OPTIONS, |_| {}).await?;
            let more_returned = |bad: &import::Bad| matches!(bad.error.code, InputCode::MoreReturned { .. });
            return if report.kept || report.bad.iter().all(more_returned) {
                Ok(())
            } else {
                Err(backend::Error::Invariant(format!("{:?}", report.bad)))
            };
        }
        let mut tx = db.write().await?;
        match brand {
            Brand::Order { .. } => {}
            Brand::Reward {
                reward,
                points,
                stock,
            } => {
                let reward = reward % REWARDS;
                rewards::import_file(&mut tx, &template::reward_file(reward, points, stock)).await?;
                // A file that gives the same stock as the last one leaves what is left of it alone.
                if self
                    .server
                    .stock
                    .get(&reward)
                    .is_none_or(|last| last.set_to != stock)
                {
                    let taken_then = checks::taken(&self.server, reward).await?;
                    let stock = Stock {
                        set_to: stock,
                        taken_then,
                    };
                    self.server.stock.insert(reward, stock);
                }
            }
            Brand::WithdrawReward(reward) => {
                rewards::withdraw(&mut tx, &format!("r-{}", reward % REWARDS)).await?;
            }
            Brand::MoreSeats(event) => {
                let event = event % EVENTS;
                let seats = self.server.seats[&event] + 1;
                let text = template::event_file(event, template::starts(event), seats);
                events::import_file(&mut tx, &text).await?;
                self.server.seats.insert(event, seats);
            }
            Brand::CallOff(event) => events::cancel(&mut tx, &format!("e-{}", event % EVENTS)).await?,
            Brand::NewCourse => {
                self.server.course_version += 1;
                learning::import_files(&mut tx, &template::course(self.server.course_version)).await?;
            }
            Brand::WithdrawCourse => learning::withdraw(&mut tx, "hygiene").await?,
            Brand::Handle { which, to } => {
                let open = rewards::open_requests(&mut tx).await?;
                if let Some(request) = open.get(which % open.len().max(1)) {
                    let to = match (request.step.as_str(), to % 3) {
                        ("reserved", 2) => RequestStep::Declined,
                        ("reserved", _) => RequestStep::Accepted,
                        ("accepted", _) => RequestStep::Sent,
                        _ => RequestStep::Delivered,
                    };
                    rewards::advance(&mut tx, request.id, to).await?;
                }
            }
        }
        tx.commit().await
    }

    /// Runs one round over a working network.
    async fn round(&mut self, phone: usize) -> Checked<Next> {
        let token = self.token(phone).await?;
        let body = self.phones[phone].request();
        let answers = self
            .server
            .receive(&[Packet { token, body }], false, None)
            .await
            .map_err(broken)?;
        self.observe(&answers[0])?;
        let next = self.hear(phone, &answers[0]).await?;
        next.ok_or_else(|| format!("phone {phone} did not wait for the answer of its round"))
    }

    /// Runs rounds until there is nothing to do.
    async fn rest(&mut self, phone: usize) -> Checked {
        const MOST: usize = 80;
        for _ in 0..MOST {
            if self.round(phone).await? == Next::Rest {
                return Ok(());
            }
        }
        Err(format!(
            "phone {phone} does not come to rest in {MOST} rounds, {} acts wait",
            self.phones[phone].app.outbox.count_waiting()
        ))
    }

    /// With a working network, checks that everything is decided and all phones show what the server has.
    async fn heal(&mut self) -> Checked {
        let mut everywhere = Vec::new();
        for phone in 0..PHONES {
            let members: Vec<MemberId> = self.phones[phone].stores.keys().copied().collect();
            for member in members {
                self.sign_in(phone, member).await?;
                self.rest(phone).await?;
                self.phones[phone].unpark();
                self.rest(phone).await?;
                everywhere.push((phone, member));
            }
        }
        for &(phone, member) in &everywhere {
            if self.phones[phone].app.member != member || self.phones[phone].cookie.is_none() {
                self.sign_in(phone, member).await?;
            }
            self.equal_in_three_rounds(phone).await?;
        }
        self.decided()?;
        self.wiped().await
    }

    async fn equal_in_three_rounds(&mut self, phone: usize) -> Checked {
        let mut different = String::new();
        for _ in 0..3 {
            let next = self.round(phone).await?;
            if next != Next::Rest {
                different = format!("{next:?}");
                continue;
            }
            let fresh = checks::fresh(self, phone).await?;
            match checks::difference(&self.phones[phone].documents(), &fresh) {
                None => return checks::memory_is_what_is_written(&self.phones[phone]),
                Some(what) => different = what,
            }
        }
        Err(format!(
            "phone {phone} differs from the server after three rounds: {different}"
        ))
    }

    /// Checks that every act reported as saved is decided on its phone.
    fn decided(&mut self) -> Checked {
        for (id, (phone, promise)) in &self.promises {
            let Some(item) = self.phones[*phone].written(promise.member).remove(id) else {
                // The phone forgets acts after a week; `effects` checks the server.
                continue;
            };
            if item.body != promise.body {
                return Err(format!("act {id} was written anew on phone {phone}"));
            }
            match item.state {
                State::Confirmed => self.tally.confirmed += 1,
                State::Refused => self.tally.refused += 1,
                other => {
                    return Err(format!(
                        "act {id} of phone {phone} ends as {other:?}: {}",
                        item.body
                    ));
                }
            }
        }
        Ok(())
    }

    /// Checks that a new phone of each member gets everything the server has.
    async fn wiped(&mut self) -> Checked {
        for member in 0..MEMBER_COUNT {
            let member = self.member(member);
            let cookie = self.server.sign_in(member, None).await.map_err(broken)?;
            self.phones.push(Hardware::new(100, cookie));
            let phone = self.phones.len() - 1;
            self.rest(phone).await?;
            self.equal_in_three_rounds(phone).await?;
            checks::all_acts(self, phone).await?;
        }
        Ok(())
    }
}
